"""PyTorch's two exporters behind one function."""

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from .errors import ExportError


def to_onnx(
    module: nn.Module,
    arguments: Sequence[Tensor | Sequence[Tensor]],
    inputs: Sequence[str],
    outputs: Sequence[str],
    axes: dict[str, dict[int, str]],
    exporter: str,
    opset: int,
    fold: bool = True,
) -> onnx.ModelProto:
    """The graph as PyTorch's exporter writes it.

    `inputs` names the tensors of `arguments` in order, those inside a sequence one by one; `axes` gives the dynamic
    axes of inputs and outputs by name. `fold` lets the exporter compute what depends on nothing but weights.
    """
    for library in ("torch", "onnxscript"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), muted():
        warnings.simplefilter("ignore")
        path = os.path.join(folder, "model.onnx")
        if exporter == "dynamo":
            names = iter(inputs)
            shapes = tuple(
                axes[next(names)] if isinstance(argument, Tensor) else [axes[next(names)] for _ in argument]
                for argument in arguments
            )
            options: dict[str, Any] = {"dynamo": True, "dynamic_shapes": shapes, "optimize": fold}
        else:
            options = {"dynamo": False, "dynamic_axes": axes, "do_constant_folding": fold}
        torch.onnx.export(
            module,
            tuple(arguments),
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=opset,
            **options,
        )
        model = onnx.load(path)
    written = next(imported.version for imported in model.opset_import if not imported.domain)
    if written != opset:
        raise ExportError(f"The {exporter} exporter cannot write opset {opset} for this model: it wrote {written}.")
    forget_sources(model.graph)
    return model


@contextlib.contextmanager
def muted() -> Iterator[None]:
    """Lets nothing out on stdout and stderr, from C++ neither: the exporters dump whole graphs there when they fail."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    with open(os.devnull, "w") as nowhere:
        for descriptor in kept:
            os.dup2(nowhere.fileno(), descriptor)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, copy in kept.items():
                os.dup2(copy, descriptor)
                os.close(copy)


def forget_sources(graph: onnx.GraphProto) -> None:
    """Drops the stack traces that the dynamo exporter notes at every node: large, and full of the user's paths."""
    graph.ClearField("metadata_props")
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
