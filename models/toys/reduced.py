"""Exports in reduced precision: fp16, weight-only int8 and int4, dynamic int8."""

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch import Tensor, nn

from exporting.parameters import content

from .fixture import Fixture, exported
from .huggingface import build, decoder, encoder
from .plain import PlainEncoder
from .weights import randomise

SEED = 43
# The smallest that ONNX Runtime takes.
BLOCK = 16


class WidenedLogits(nn.Module):
    """fp32 logits of an fp16 model: onnxruntime-node cannot hand out fp16 tensors."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.module(input_ids, attention_mask).float()


def initialisers(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def with_weights(module: nn.Module, changes: list[tuple[np.ndarray, np.ndarray]]) -> nn.Module:
    """A copy of the module in which each first array, found by content as it is or transposed, is the second one."""
    module = copy.deepcopy(module)
    by_content = {content(before): after for before, after in changes}
    with torch.no_grad():
        for parameter in module.parameters():
            values = parameter.numpy().copy()
            for view in (lambda array: array, np.transpose):
                after = by_content.get(content(view(values)))
                if after is not None:
                    parameter.copy_(torch.from_numpy(view(after).copy()))
    return module


def int8_weights(model: onnx.ModelProto, module: nn.Module) -> tuple[onnx.ModelProto, nn.Module]:
    """Every matrix as int8, one scale per output channel or row of an embedding; and the same weights in PyTorch."""
    model = copy.deepcopy(model)
    graph = model.graph
    tables = {node.input[0] for node in graph.node if node.op_type == "Gather"}
    changes = []
    for name, values in initialisers(model).items():
        if values.ndim != 2 or values.dtype != np.float32:
            continue
        axis = 0 if name in tables else 1
        scales = np.abs(values).max(axis=1 - axis) / np.float32(127)
        broadcast = np.expand_dims(scales, 1 - axis)
        quantised = np.rint(values / broadcast).astype(np.int8)
        changes.append((values, quantised.astype(np.float32) * broadcast))
        tensor = next(tensor for tensor in graph.initializer if tensor.name == name)
        graph.initializer.remove(tensor)
        parts = {
            f"{name}_quantized": quantised,
            f"{name}_scale": scales,
            f"{name}_zero_point": np.zeros(scales.shape, np.int8),
        }
        graph.initializer.extend(numpy_helper.from_array(part, part_name) for part_name, part in parts.items())
        graph.node.insert(0, helper.make_node("DequantizeLinear", list(parts), [name], axis=axis))
    return model, with_weights(module, changes)


def dequantised(node: onnx.NodeProto, model: onnx.ModelProto, rows: int) -> np.ndarray:
    """The matrix in a MatMulNBits (multiplied by the identity) or GatherBlockQuantized (all its words looked up)."""
    multiplies = node.op_type == "MatMulNBits"
    feed = np.eye(rows, dtype=np.float32) if multiplies else np.arange(rows)
    source = node.input[0 if multiplies else 1]
    graph = helper.make_graph(
        [node],
        "dequantise",
        [helper.make_tensor_value_info(source, helper.np_dtype_to_tensor_dtype(feed.dtype), feed.shape)],
        [helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None)],
        initializer=[tensor for tensor in model.graph.initializer if tensor.name in node.input],
    )
    small = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    session = onnxruntime.InferenceSession(small.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {source: feed})[0]


def int4_weights(model: onnx.ModelProto, module: nn.Module) -> tuple[onnx.ModelProto, nn.Module]:
    """MatMulNBits and GatherBlockQuantized in blocks with zero points; and the same weights in PyTorch."""
    originals = initialisers(model)
    weights = {
        node.output[0]: originals[name]
        for node in model.graph.node
        for name in node.input
        if node.op_type in ("MatMul", "Gather") and name in originals and originals[name].ndim == 2
    }
    quantiser = MatMulNBitsQuantizer(
        copy.deepcopy(model), block_size=BLOCK, is_symmetric=False, op_types_to_quantize=("MatMul", "Gather")
    )
    quantiser.process()
    result = quantiser.model.model
    changes = [
        (weights[node.output[0]], dequantised(node, result, len(weights[node.output[0]])))
        for node in result.graph.node
        if node.op_type in ("MatMulNBits", "GatherBlockQuantized")
    ]
    return result, with_weights(module, changes)


def dynamic_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantize_dynamic(model, path)
        return onnx.load(path)


def fixtures() -> Iterator[Fixture]:
    plain = randomise(PlainEncoder(), SEED)
    plain_model = exported(plain, "dynamo", 18)

    half = convert_float_to_float16(copy.deepcopy(plain_model), keep_io_types=True)
    notes = "Weights and activations fp16, logits cast to fp32, by onnxruntime.transformers.float16"
    yield Fixture("plain-fp16.onnxruntime18", "mlm", plain, half, "onnxruntime", notes, tolerance=None)

    gpt2 = decoder(randomise(build("gpt2", "eager"), SEED))
    half = exported(WidenedLogits(copy.deepcopy(gpt2).half()), "dynamo", 18)
    notes = "Exported from a .half() module; logits cast to fp32; tied"
    yield Fixture("gpt2-fp16.dynamo18", "clm", gpt2, half, "dynamo", notes, tolerance=None)

    model, module = int8_weights(plain_model, plain)
    notes = "DequantizeLinear before every MatMul (scale per column) and Gather (scale per row)"
    yield Fixture("plain-int8-weights.script18", "mlm", module, model, "script", notes)

    llama = decoder(randomise(build("llama", "eager"), SEED))
    model, module = int4_weights(exported(llama, "dynamo", 18), llama)
    notes = "MatMulNBits and GatherBlockQuantized, 4 bits, blocks of 16 (24 rows are padded to 32), zero points"
    yield Fixture("llama-int4-weights.onnxruntime21", "clm", module, model, "onnxruntime", notes)

    bert = encoder(randomise(build("bert", "eager"), SEED))
    model = dynamic_int8(exported(bert, "dynamo", 18))
    notes = "quantize_dynamic: DynamicQuantizeLinear and MatMulInteger; quantised tables dequantised after Gather"
    yield Fixture("bert-dynamic-int8.onnxruntime18", "mlm", bert, model, "onnxruntime", notes, tolerance=None)
