"""Decoders with a cache: what Optimum exports for generation."""

from collections.abc import Iterator, Sequence

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from exporting.parameters import content, rename_inputs
from exporting.tracing import to_onnx

from .corpora import FIRST_WORD
from .fixture import Fixture
from .huggingface import build, decoder
from .sizes import LAYERS, VOCABULARY
from .weights import randomise

SEED = 31
BATCH, PAST, NEW = 2, 3, 5
FIRST_AXES = {
    "input_ids": {0: "batch_size", 1: "sequence_length"},
    "attention_mask": {0: "batch_size", 1: "sequence_length"},
    "position_ids": {0: "batch_size", 1: "sequence_length"},
    "logits": {0: "batch_size", 1: "sequence_length"},
}
CACHE_NAMES = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]


class CachedDecoder(nn.Module):
    """Keys and values of earlier tokens in, those of all tokens out, as flat tensors."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor, past: Sequence[Tensor] = ()
    ) -> list[Tensor]:
        result = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=DynamicCache(list(zip(past[::2], past[1::2], strict=True))),
            use_cache=True,
        )
        present = [tensor for layer in result.past_key_values.layers for tensor in (layer.keys, layer.values)]
        return [result.logits, *present]


def with_past(model: PreTrainedModel, exporter: str, opset: int) -> onnx.ModelProto:
    config = model.config
    heads = getattr(config, "num_key_value_heads", config.num_attention_heads)
    size = config.hidden_size // config.num_attention_heads
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(FIRST_WORD, VOCABULARY, (BATCH, NEW), generator=generator)
    mask = torch.ones(BATCH, PAST + NEW, dtype=torch.long)
    positions = torch.arange(PAST, PAST + NEW).expand(BATCH, NEW)
    past = [torch.randn(BATCH, heads, PAST, size, generator=generator) for _ in CACHE_NAMES]
    inputs = ["input_ids", "attention_mask", "position_ids", *(f"past_key_values.{name}" for name in CACHE_NAMES)]
    outputs = ["logits", *(f"present.{name}" for name in CACHE_NAMES)]
    axes = dict(FIRST_AXES)
    total = "past_sequence_length + sequence_length"
    axes["attention_mask"] = {0: "batch_size", 1: total}
    for name in CACHE_NAMES:
        axes[f"past_key_values.{name}"] = {0: "batch_size", 2: "past_sequence_length"}
        axes[f"present.{name}"] = {0: "batch_size", 2: total}
    return to_onnx(CachedDecoder(model), (ids, mask, positions, past), inputs, outputs, axes, exporter, opset)


def without_past(model: PreTrainedModel, exporter: str, opset: int) -> onnx.ModelProto:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(FIRST_WORD, VOCABULARY, (BATCH, NEW), generator=generator)
    arguments = (ids, torch.ones_like(ids), torch.arange(NEW).expand(BATCH, NEW))
    outputs = ["logits", *(f"present.{name}" for name in CACHE_NAMES)]
    axes = FIRST_AXES | {f"present.{name}": {0: "batch_size", 2: "sequence_length"} for name in CACHE_NAMES}
    inputs = ["input_ids", "attention_mask", "position_ids"]
    return to_onnx(CachedDecoder(model), arguments, inputs, outputs, axes, exporter, opset)


def branch(model: onnx.ModelProto, name: str, shared: dict[object, onnx.TensorProto]) -> onnx.GraphProto:
    """The model as a branch of an If: its weights move to `shared`, its values get names of their own."""
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    names = {output: f"{name}/{output}" for node in graph.node for output in node.output if output}
    for tensor in graph.initializer:
        key = (tensor.data_type, content(numpy_helper.to_array(tensor)))
        if key not in shared:
            shared[key] = onnx.TensorProto()
            shared[key].CopyFrom(tensor)
            # Both exports number their nameless weights, so a name alone could mean two tensors.
            shared[key].name = f"{name}/{tensor.name}" if tensor.name.startswith(("onnx::", "val_")) else tensor.name
        names[tensor.name] = shared[key].name
    rename_inputs(graph, names)
    for node in graph.node:
        node.output[:] = [names.get(output, output) for output in node.output]
        node.name = f"{name}/{node.name}"
    outputs = [helper.make_value_info(names[output.name], output.type) for output in graph.output]
    return helper.make_graph(graph.node, name, [], outputs)


def merged(first: onnx.ModelProto, later: onnx.ModelProto) -> onnx.ModelProto:
    """Optimum's merged decoder: one file, an If on use_cache_branch, weights shared by both branches."""
    shared: dict[object, onnx.TensorProto] = {}
    node = helper.make_node(
        "If",
        ["use_cache_branch"],
        [output.name for output in later.graph.output],
        then_branch=branch(later, "with_past", shared),
        else_branch=branch(first, "without_past", shared),
    )
    flag = helper.make_tensor_value_info("use_cache_branch", onnx.TensorProto.BOOL, [1])
    graph = helper.make_graph(
        [node], "merged", [*later.graph.input, flag], later.graph.output, initializer=list(shared.values())
    )
    return helper.make_model(graph, opset_imports=later.opset_import, ir_version=later.ir_version)


def fixtures() -> Iterator[Fixture]:
    cache = "past_key_values.*, present.* and position_ids as Optimum names them"
    for name, exporter, opset in (("gpt2", "dynamo", 18), ("llama", "torchscript", 17)):
        model = randomise(build(name, "eager"), SEED)
        module = decoder(model)
        graph = with_past(model, exporter, opset)
        yield Fixture(
            f"{name}-past.{exporter}{opset}", "clm", module, graph, exporter, f"{cache}; otherwise as without"
        )
        if name == "gpt2":
            graph = merged(without_past(model, exporter, opset), graph)
            notes = f"Merged decoder: If on use_cache_branch, weights in the outer graph; {cache}"
            yield Fixture(f"{name}-merged.{exporter}{opset}", "clm", module, graph, exporter, notes)
