"""What a fixture is, and how the simple ones are exported."""

from dataclasses import dataclass

import onnx
import torch
from torch import nn

from exporting.tracing import to_onnx

from .corpora import FIRST_WORD
from .sizes import VOCABULARY

# As long as the corpus's examples, for the one exporter that bakes the length in.
TRACED_SHAPE = (2, 8)
BOTH = {0: "batch", 1: "sequence"}
# What Optimum calls them.
OPTIMUM = {0: "batch_size", 1: "sequence_length"}


@dataclass(frozen=True)
class Fixture:
    """One export, and the PyTorch module whose logits it must give."""

    name: str
    objective: str
    module: nn.Module
    model: onnx.ModelProto
    exporter: str
    notes: str
    # Largest difference of logits allowed; None where rounding is part of the model, which then has no exact loss.
    tolerance: float | None = 1e-5
    # Sizes that the graph cannot do without, whatever its inputs declare.
    only_batch: int | None = None
    only_sequence: int | None = None


def exported(
    module: nn.Module,
    exporter: str,
    opset: int,
    axes: dict[int, str] = BOTH,
    shape: tuple[int, int] = TRACED_SHAPE,
    token_types: bool = False,
) -> onnx.ModelProto:
    """An export that takes input_ids and attention_mask, token_type_ids if wanted, and gives logits."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(FIRST_WORD, VOCABULARY, shape, generator=generator)
    tensors = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if token_types:
        tensors["token_type_ids"] = torch.zeros_like(ids)
    names = list(tensors)
    all_axes = dict.fromkeys((*names, "logits"), axes)
    return to_onnx(module, list(tensors.values()), names, ["logits"], all_axes, exporter, opset)
