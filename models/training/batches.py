"""Batches that depend on nothing but (seed, step), packed without padding."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .corpora import IGNORED, Corpus
from .language import Language

# One stream of random numbers for each purpose.
PRETRAINING, DOWNSTREAM = 0, 1


@dataclass(frozen=True)
class Batch:
    """Sentences sorted by length and written one after the other: S tokens in all, no padding between them."""

    # [S] token ids, and their places in their sentences.
    ids: Tensor
    places: Tensor
    # (how many sentences, how long), ascending by length.
    groups: list[tuple[int, int]]
    # [R] which of the S tokens a prediction is made at, ascending.
    rows: Tensor
    # Whether there is exactly one such token in each sentence.
    one_each: bool
    # [R] what is to be predicted there, or [R, vocabulary] its distribution.
    targets: Tensor
    # [sentences] where the batch's sentences stand in the corpus.
    chosen: np.ndarray

    def to(self, device: torch.device) -> "Batch":
        if device.type == "cpu":
            return self
        moved = (part.to(device, non_blocking=True) for part in (self.ids, self.places, self.rows, self.targets))
        ids, places, rows, targets = moved
        return replace(self, ids=ids, places=places, rows=rows, targets=targets)


def generator(seed: int, step: int, stream: int) -> np.random.Generator:
    """Random numbers for one step: a state that was saved needs no generator in it."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, stream, step]))


def _pack(corpus: Corpus, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The sentences `chosen` sorted by length, their lengths, what is not padding, and the packed ids."""
    lengths = corpus.lengths[chosen]
    chosen = chosen[np.argsort(lengths, kind="stable")]
    lengths = corpus.lengths[chosen]
    within = np.arange(lengths[-1]) < lengths[:, None]
    ids = corpus.ids[chosen, : lengths[-1]][within].astype(np.int64)
    return chosen, lengths, within, ids


def _batch(
    within: np.ndarray, lengths: np.ndarray, ids: np.ndarray, rows: np.ndarray, targets: np.ndarray, chosen: np.ndarray
) -> Batch:
    counts = np.bincount(lengths)
    ends = np.cumsum(lengths)
    one_each = len(rows) == len(lengths) and bool(((rows < ends) & (rows >= ends - lengths)).all())
    return Batch(
        ids=torch.from_numpy(ids),
        places=torch.from_numpy(np.nonzero(within)[1]),
        groups=[(int(count), length) for length, count in enumerate(counts) if count],
        rows=torch.from_numpy(rows),
        one_each=one_each,
        targets=torch.from_numpy(targets),
        chosen=chosen,
    )


def draw(corpus: Corpus, language: Language, size: int, seed: int, step: int) -> Batch:
    """`size` sentences drawn with replacement: one word of each masked, or every next word to be predicted."""
    random = generator(seed, step, PRETRAINING)
    chosen, lengths, within, ids = _pack(corpus, random.integers(len(corpus), size=size))
    ends = np.cumsum(lengths, dtype=np.int64)
    if language.objective == "mlm":
        rows = ends - lengths + (random.random(size) * lengths).astype(np.int64)
        targets = ids[rows]
        ids[rows] = language.mask
    else:
        rows = np.delete(np.arange(len(ids)), ends - 1)
        targets = ids[rows + 1]
    return _batch(within, lengths, ids, rows, targets, chosen)


def draw_labelled(corpus: Corpus, size: int, seed: int, step: int, stream: int) -> Batch:
    """`size` examples of a task; the targets are their classes, and no rows are marked."""
    chosen = generator(seed, step, stream).integers(len(corpus), size=size)
    chosen, lengths, within, ids = _pack(corpus, chosen)
    assert corpus.classes is not None
    return _batch(within, lengths, ids, np.zeros(0, np.int64), corpus.classes[chosen], chosen)


def draw_exact(corpus: Corpus, conditionals: np.ndarray, size: int, seed: int, step: int) -> Batch:
    """`size` sentences with their own masked place; the targets are the exact distributions there."""
    chosen = generator(seed, step, PRETRAINING).integers(len(corpus), size=size)
    batch = labelled(corpus, chosen, "mlm")
    return replace(batch, targets=torch.from_numpy(np.asarray(conditionals[batch.chosen], np.float32)))


def labelled(corpus: Corpus, chosen: np.ndarray, objective: str) -> Batch:
    """The examples `chosen` with the labels that the corpus gives; causal ones are predicted one place before."""
    assert corpus.labels is not None
    chosen, lengths, within, ids = _pack(corpus, chosen)
    labels = corpus.labels[chosen, : lengths[-1]].astype(np.int64)
    if objective == "clm":
        labels = np.concatenate([labels[:, 1:], np.full((len(labels), 1), IGNORED)], 1)
    labels = labels[within]
    rows = np.nonzero(labels != IGNORED)[0]
    return _batch(within, lengths, ids, rows, labels[rows], chosen)
