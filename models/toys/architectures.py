"""Exports of the Hugging Face architectures, without a cache."""

from collections.abc import Iterator

import torch

from .fixture import BOTH, OPTIMUM, Fixture, exported
from .huggingface import build, decoder, encoder
from .weights import randomise

SEED = 23

# name, exporter, opset, attention implementation, token_type_ids as an input, what is special
ENCODERS = (
    ("bert", "torchscript", 17, "eager", True, "Tied: the table for Gather, a transposed copy for the head's MatMul"),
    (
        "bert",
        "dynamo",
        18,
        "sdpa",
        False,
        "Tied, the table under the head's name, a transposed copy for the head; no token_type_ids input",
    ),
    (
        "roberta",
        "torchscript",
        17,
        "eager",
        False,
        "Position ids counted from the input ids by CumSum, from 2 on; tied",
    ),
    ("distilbert", "dynamo", 18, "eager", False, "No token types; tied"),
    ("albert", "torchscript", 14, "eager", True, "One layer's weights used by every layer; factorised tied embedding"),
    ("electra", "torchscript", 17, "sdpa", True, "Embedding narrower than the layers, projected up and down; tied"),
)
DECODERS = (
    ("gpt2", "torchscript", 17, "sdpa", "Conv1D as Gemm on [batch * sequence, hidden]; tied, head a transposed copy"),
    ("gpt2", "dynamo", 18, "eager", "Conv1D as Gemm on [batch * sequence, hidden]; tied, head a transposed copy"),
    ("gpt-neox", "torchscript", 17, "eager", "Packed query_key_value, parallel residual, rotary on part; untied"),
    ("opt", "dynamo", 18, "eager", "Positions from the mask's CumSum, table offset by 2; ReLU; tied"),
    (
        "llama",
        "torchscript",
        17,
        "eager",
        "RMSNorm as Pow and ReduceMean, scale is input 0 of Mul; rotary; 2 of 4 heads' keys",
    ),
    (
        "llama",
        "dynamo",
        18,
        "sdpa",
        "RMSNorm as Pow and ReduceMean, scale is input 0 of Mul; rotary; 2 of 4 heads' keys",
    ),
    ("qwen2", "dynamo", 18, "eager", "LLaMA with biases on query, key and value; tied"),
)


def fixtures() -> Iterator[Fixture]:
    for name, exporter, opset, attention, token_types, notes in ENCODERS:
        module = encoder(randomise(build(name, attention), SEED))
        # Optimum, which most encoders on the hub came from, names the axes its own way.
        axes = OPTIMUM if exporter == "torchscript" else BOTH
        model = exported(module, exporter, opset, axes=axes, token_types=token_types)
        yield Fixture(
            f"{name}.{exporter}{opset}", "mlm", module, model, exporter, f"{type(module.model).__name__}. {notes}"
        )
    # Not randomised: what a run's very first checkpoint looks like.
    torch.manual_seed(SEED)
    fresh = encoder(build("bert"))
    model = exported(fresh, "torchscript", 17, axes=OPTIMUM)
    notes = "As initialised: TorchScript merged all zero biases and unit scales of equal shape, which are not tied"
    yield Fixture("bert-step-0.torchscript17", "mlm", fresh, model, "torchscript", notes)
    for name, exporter, opset, attention, notes in DECODERS:
        module = decoder(randomise(build(name, attention), SEED))
        axes = OPTIMUM if exporter == "torchscript" else BOTH
        model = exported(module, exporter, opset, axes=axes)
        yield Fixture(
            f"{name}.{exporter}{opset}", "clm", module, model, exporter, f"{type(module.model).__name__}. {notes}"
        )
