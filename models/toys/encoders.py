"""Exports of the hand-written encoders."""

from collections.abc import Iterator

import torch

from .fixture import TRACED_SHAPE, Fixture, exported
from .plain import PlainEncoder, TorchEncoder
from .weights import randomise

SEED = 11


def fixtures() -> Iterator[Fixture]:
    # Its fused kernel is one operator that no exporter knows.
    torch.backends.mha.set_fastpath_enabled(False)
    plain = randomise(PlainEncoder(), SEED)
    for exporter, opset, notes in (
        ("torchscript", 11, "LayerNorm decomposed; biases are input 0 of Add; linear weights transposed and renamed"),
        ("torchscript", 14, "LayerNorm decomposed; Shape and Unsqueeze differ from opset 11"),
        ("torchscript", 17, "LayerNormalization; shapes computed at run time by Shape, Gather, Concat"),
        ("dynamo", 18, "LayerNormalization; biases are input 1 of Add; linear weights transposed and renamed"),
    ):
        model = exported(plain, exporter, opset)
        yield Fixture(f"plain.{exporter}{opset}", "mlm", plain, model, exporter, f"Pre-LN encoder. {notes}")
    model = exported(plain, "dynamo", 18, axes={1: "sequence"}, shape=(1, TRACED_SHAPE[1]))
    notes = "Batch axis fixed at 1: inputs are [1, sequence] and the Reshapes to heads hold [1, -1, 2, 8]"
    yield Fixture("plain-batch-1.dynamo18", "mlm", plain, model, "dynamo", notes, only_batch=1)

    for batch_first, name, layout in (
        (False, "torch-sequence-first", "Post-LN, works on [sequence, batch, hidden] inside"),
        (True, "torch-batch-first", "Pre-LN, turns to [sequence, batch, hidden] inside attention"),
    ):
        encoder = randomise(TorchEncoder(batch_first, norm_first=batch_first), SEED)
        common = f"nn.TransformerEncoder. {layout}; packed in_proj; Gemm on flattened out_proj; positions sliced"
        model = exported(encoder, "dynamo", 18)
        yield Fixture(f"{name}.dynamo18", "mlm", encoder, model, "dynamo", common)
        model = exported(encoder, "torchscript", 17)
        length = TRACED_SHAPE[1]
        notes = f"{common}; the length {length} is baked into Reshapes although the axis is declared dynamic"
        yield Fixture(f"{name}.torchscript17", "mlm", encoder, model, "torchscript", notes, only_sequence=length)
