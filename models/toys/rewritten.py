"""Exports whose weights do not sit plainly in initialisers that MatMul reads."""

import copy
from collections.abc import Iterator

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from export import to_named_onnx

from .fixture import Fixture, exported
from .huggingface import build, decoder, encoder
from .plain import PlainEncoder
from .sizes import VOCABULARY
from .weights import randomise

SEED = 61


def in_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every initialiser as a Constant node, as paddle2onnx writes them."""
    model = copy.deepcopy(model)
    graph = model.graph
    nodes = [helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in graph.initializer]
    nodes.extend(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.node.extend(nodes)
    return model


def behind_identity(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every float tensor behind an Identity, as TorchScript leaves it where tensors of equal content were merged."""
    model = copy.deepcopy(model)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and tensor.dims:
            name, tensor.name = tensor.name, f"{tensor.name}_stored"
            model.graph.node.insert(0, helper.make_node("Identity", [tensor.name], [name]))
    return model


def behind_cast(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every float tensor stored as fp16 behind a Cast, computed with in fp32."""
    model = copy.deepcopy(model)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and tensor.dims:
            name = tensor.name
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_fp16"))
            cast = helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT)
            model.graph.node.insert(0, cast)
    return model


def rounded_to_half(module: nn.Module) -> nn.Module:
    """The module with every weight rounded to what fp16 can hold."""
    module = copy.deepcopy(module)
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    return module


def fixtures() -> Iterator[Fixture]:
    plain = randomise(PlainEncoder(), SEED)
    model = in_constants(exported(plain, "dynamo", 18))
    notes = "No initialisers: every weight is the value of a Constant node, as paddle2onnx writes them"
    yield Fixture("plain-constants.script18", "mlm", plain, model, "script", notes)

    gpt2 = decoder(randomise(build("gpt2", "eager"), SEED))
    model = behind_identity(exported(gpt2, "dynamo", 18))
    notes = "Every weight goes through an Identity; tied, both copies behind their own"
    yield Fixture("gpt2-identity.script18", "clm", gpt2, model, "script", notes)

    llama = decoder(randomise(build("llama", "eager"), SEED))
    model = behind_cast(exported(llama, "dynamo", 18))
    notes = "Every weight is stored as fp16 behind a Cast to fp32; the rotary frequencies too, which are no parameter"
    yield Fixture("llama-cast.script18", "clm", rounded_to_half(llama), model, "script", notes)

    bert = randomise(build("bert", "eager"), SEED)
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    model, _ = to_named_onnx(encoder(bert), inputs, VOCABULARY, "dynamo", 18)
    notes = "By models/export.py: parameters keep their names; the tied table is stored once, transposed for the head"
    yield Fixture("bert.plateau18", "mlm", encoder(bert), model, "plateau", notes)
