"""The loss on a fixed corpus, and how far it is from what the language allows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from .batches import Batch, labelled
from .corpora import load_conditionals, load_corpus
from .errors import TrainingError
from .language import Language
from .model import Transformer

CHUNK = 2048


@dataclass(frozen=True)
class Evaluation:
    # Nats per labelled token.
    loss: float
    # Above the optimal loss; None where that is not known.
    excess: float | None


class Evaluator:
    """Takes the loss on evaluation.jsonl; by way of evaluation.f32, the exact conditionals, if that is there too.

    Against the conditionals the excess loss is the mean divergence, free of the chance in which words were masked.
    """

    def __init__(self, language: Language, cache: Path, device: torch.device) -> None:
        path = language.folder / "evaluation.jsonl"
        corpus = load_corpus(path, language, cache)
        if corpus.labels is None:
            raise TrainingError(f"{path} has no labels.")
        self.optimal = language.optimal_loss
        order = np.argsort(corpus.lengths, kind="stable")
        chunks = [order[first : first + CHUNK] for first in range(0, len(order), CHUNK)]
        self.batches: list[Batch] = [labelled(corpus, chunk, language.objective).to(device) for chunk in chunks]
        self.conditionals: list[torch.Tensor] | None = None
        exact = path.with_suffix(".f32")
        if exact.exists():
            rows = load_conditionals(exact, len(corpus), language.vocabulary)
            if not all(batch.one_each for batch in self.batches):
                raise TrainingError(f"{exact} has a row for each sentence, but {path} not one label for each.")
            self.conditionals = [torch.from_numpy(np.asarray(rows[batch.chosen])).to(device) for batch in self.batches]

    @torch.no_grad()
    def __call__(self, model: Transformer) -> Evaluation:
        total, divergence, count = 0.0, 0.0, 0
        for number, batch in enumerate(self.batches):
            logs = model.predictions(batch).double().log_softmax(-1)
            total += float(functional.nll_loss(logs, batch.targets, reduction="sum"))
            count += len(batch.targets)
            if self.conditionals:
                exact = self.conditionals[number].double()
                divergence += float((torch.xlogy(exact, exact) - exact * logs).sum())
        loss = total / count
        if self.conditionals:
            return Evaluation(loss, divergence / count)
        return Evaluation(loss, None if self.optimal is None else loss - self.optimal)
