"""Exports whose nodes were fused into ONNX Runtime's own operators (domain com.microsoft)."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx_ir
import torch
from onnxruntime.transformers import optimizer
from transformers import PreTrainedModel
from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

from exporting.tracing import forget_sources

from .classic import ClassicBert, ClassicGPT2
from .corpora import FIRST_WORD
from .fixture import TRACED_SHAPE, Fixture, exported
from .huggingface import build, decoder, encoder
from .sizes import HEADS, HIDDEN, VOCABULARY
from .weights import randomise

SEED = 53


def optimised(model: onnx.ModelProto, kind: str) -> onnx.ModelProto:
    """By the graph optimiser in onnxruntime.transformers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        result = optimizer.optimize_model(str(path), kind, num_heads=HEADS, hidden_size=HIDDEN, opt_level=0)
        # Saving is also what imports the operators' domain.
        result.save_model_to_file(str(path))
        return onnx.load(path)


def exported_by_transformers(model: PreTrainedModel, fusions: str) -> onnx.ModelProto:
    """By the exporter in transformers itself, with its fusions for an execution provider."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(FIRST_WORD, VOCABULARY, TRACED_SHAPE, generator=generator)
    config = OnnxConfig(dynamic=True, ort_fusions=fusions)
    # It reports its steps on stdout and has no switch against it.
    with contextlib.redirect_stdout(io.StringIO()):
        tensors = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        program = OnnxExporter().export(model, tensors, config).program
    result = onnx_ir.to_proto(program)
    result.ClearField("metadata_props")
    forget_sources(result.graph)
    return result


def fixtures() -> Iterator[Fixture]:
    optimiser = "Fused by onnxruntime.transformers"
    bert = randomise(ClassicBert(), SEED)
    model = optimised(exported(bert, "torchscript", 17, token_types=True), "bert")
    notes = (
        f"{optimiser}: EmbedLayerNormalization, Attention (packed QKV, mask as lengths), "
        "SkipLayerNormalization, BiasGelu; tied"
    )
    yield Fixture("bert-fused.onnxruntime17", "mlm", bert, model, "onnxruntime", notes)

    gpt2 = randomise(ClassicGPT2(), SEED)
    model = optimised(exported(gpt2, "torchscript", 17), "gpt2")
    notes = (
        f"{optimiser}: EmbedLayerNormalization with a second output, Attention (packed QKV, unidirectional), "
        "SkipLayerNormalization, FastGelu with bias; tied; no attention_mask input"
    )
    yield Fixture("gpt2-fused.onnxruntime17", "clm", gpt2, model, "onnxruntime", notes)

    exporter = "Exported and fused by transformers"
    for name, fusions, operators in (
        ("bert", "cuda", "MultiHeadAttention on QKV from one packed MatMul, SkipLayerNormalization, BiasGelu"),
        ("gpt2", "cpu", "GroupQueryAttention on packed QKV, SkipLayerNormalization"),
        ("llama", "cuda", "MultiHeadAttention, RotaryEmbedding, SimplifiedLayerNormalization with and without skip"),
    ):
        objective, wrapper = ("mlm", encoder) if name == "bert" else ("clm", decoder)
        network = randomise(build(name, "sdpa"), SEED)
        model = exported_by_transformers(network, fusions)
        caches = "" if name == "bert" else "; keys and values are outputs"
        opset = next(imported.version for imported in model.opset_import if imported.domain == "")
        yield Fixture(
            f"{name}-fused.transformers{opset}",
            objective,
            wrapper(network),
            model,
            "transformers",
            f"{exporter} for {fusions}: {operators}{caches}",
        )
