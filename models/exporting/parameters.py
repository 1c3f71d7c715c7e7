"""Parameters keep their names and stay apart, whatever the exporters do to them."""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn


def content(array: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """A key that is equal for tensors of equal shape and bytes."""
    return array.shape, hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()


@contextlib.contextmanager
def distinguishable(module: nn.Module) -> Iterator[dict[str, np.ndarray]]:
    """Gives parameters that an exporter could merge or drop random values for a while; yields their true ones.

    Exporters keep one copy of tensors with equal content and drop additions of zero, so the biases of a model at
    step 0 would come out as one tied tensor. True ties are one tensor object in PyTorch and stay tied.
    """
    seen = set()
    originals: dict[str, np.ndarray] = {}
    generator = torch.Generator().manual_seed(0)
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for name, parameter in parameters.items():
            values = parameter.detach().numpy().copy()
            key = content(values)
            if key in seen or (values.size and (values == values.flat[0]).all()):
                originals[name] = values
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
            seen.add(key)
        try:
            yield originals
        finally:
            for name, values in originals.items():
                parameters[name].copy_(torch.from_numpy(values))


def rename_inputs(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Renames values where nodes read them, in subgraphs too."""
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                rename_inputs(attribute.g, names)


def unused(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name.2`, `name.3`, … that no value of the graph has; the result is then taken."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}.{number}"
    taken.add(candidate)
    return candidate


def name_parameters(model: onnx.ModelProto, module: nn.Module, originals: dict[str, np.ndarray]) -> list[str]:
    """Gives initialisers the names of the parameters they hold, puts `originals` back, stores tied tensors once.

    Exporters fold a linear layer's transposition into its weight and call the result `onnx::MatMul_368` or `val_92`;
    that also makes a second copy of an embedding tied to the head. Returns the parameters that were not found.
    """
    aliases: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        aliases.setdefault(id(parameter), []).append(name)
    places: dict[Any, tuple[list[str], bool]] = {}
    for parameter in module.parameters():
        values = parameter.detach().numpy()
        places[content(values)] = (aliases[id(parameter)], False)
        if values.ndim == 2:
            places.setdefault(content(values.T), (aliases[id(parameter)], True))

    graph = model.graph
    held = [
        (tensor, *places[key])
        for tensor in graph.initializer
        if (key := content(numpy_helper.to_array(tensor))) in places
    ]
    own_names = {tensor.name for tensor, _, _ in held}
    taken = {name for node in graph.node for name in (*node.input, *node.output)} - own_names
    renamed: dict[str, str] = {}
    stored: dict[str, str] = {}
    # Copies that are as in PyTorch come first, so that transposed ones of the same tensor can refer to them.
    for tensor, names, is_transposed in sorted(held, key=lambda item: item[2]):
        first = names[0]
        if is_transposed and first in stored:
            graph.node.insert(0, helper.make_node("Transpose", [stored[first]], [tensor.name], perm=[1, 0]))
            graph.initializer.remove(tensor)
            continue
        name = unused(names[-1] if is_transposed else first, taken)
        stored.setdefault(first, name)
        renamed[tensor.name] = name
        values = originals.get(first)
        if values is not None:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values.T if is_transposed else values)))
        tensor.name = name
    rename_inputs(graph, renamed)
    return [name for name, _ in module.named_parameters() if name not in stored]
