"""One step of each algorithm: the loss that is minimised, and the optimiser that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .batches import DOWNSTREAM, draw, draw_exact, draw_labelled
from .corpora import Corpus, load_conditionals, load_corpus
from .errors import TrainingError
from .language import Language
from .model import Transformer
from .recipes import Algorithm, Recipe

# (the step, counted from 0) → the loss to go down from, and the tokens it was taken on.
LossAt = Callable[[int], tuple[Tensor, int]]


def make_optimiser(model: nn.Module, algorithm: Algorithm) -> torch.optim.Optimizer:
    parameters = list(model.parameters())
    groups = [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": algorithm.weightDecay},
        {"params": [one for one in parameters if one.ndim == 1], "weight_decay": 0.0},
    ]
    if algorithm.name == "sgd":
        return torch.optim.SGD(groups, algorithm.learningRate, algorithm.momentum, fused=True)
    return torch.optim.AdamW(groups, algorithm.learningRate, algorithm.betas, fused=True)


@dataclass
class Adversary:
    """The linear head of a downstream task on concatenated features, which the model learns to fail."""

    head: nn.Linear
    optimiser: torch.optim.Optimizer
    corpus: Corpus

    def state(self) -> dict[str, Any]:
        return {"head": self.head.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.head.load_state_dict(state["head"])
        self.optimiser.load_state_dict(state["optimiser"])


def make_adversary(recipe: Recipe, model: Transformer, language: Language, cache: Path) -> Adversary | None:
    algorithm = recipe.algorithm
    if algorithm.name != "adversarial":
        return None
    path = language.folder / "tasks" / f"{algorithm.task}.jsonl"
    corpus = load_corpus(path, language, cache)
    if corpus.classes is None or corpus.classes.min() < 0:
        raise TrainingError(f"{path} must give each example a label of 0 or more.")
    device = model.head.weight.device
    shape = model.shape
    head = nn.Linear(shape.positions * shape.width, int(corpus.classes.max()) + 1).to(device)
    return Adversary(head, torch.optim.AdamW(head.parameters(), algorithm.headLearningRate, fused=True), corpus)


def make_loss(
    recipe: Recipe, model: Transformer, language: Language, cache: Path, adversary: Adversary | None
) -> LossAt:
    device = model.head.weight.device
    algorithm = recipe.algorithm

    if algorithm.name == "exact-conditional":
        exact = load_corpus(language.folder / "exact.jsonl", language, cache)
        conditionals = load_conditionals(language.folder / "exact.f32", len(exact), language.vocabulary)
        if exact.labels is None or not ((exact.labels >= 0).sum(1) == 1).all():
            raise TrainingError(f"{language.folder / 'exact.jsonl'} must have exactly one label a line.")

        def towards_conditional(step: int) -> tuple[Tensor, int]:
            batch = draw_exact(exact, conditionals, recipe.batch, recipe.seed, step).to(device)
            return functional.cross_entropy(model.predictions(batch), batch.targets), len(batch.ids)

        return towards_conditional

    corpus = load_corpus(language.folder / "train.jsonl", language, cache)

    def pretraining(step: int) -> tuple[Tensor, int]:
        batch = draw(corpus, language, recipe.batch, recipe.seed, step).to(device)
        return functional.cross_entropy(model.predictions(batch), batch.targets), len(batch.ids)

    if adversary is None:
        return pretraining

    def against_task(step: int) -> tuple[Tensor, int]:
        """L_pretraining − λ · L_downstream, after the head has had its own steps on the features as they are."""
        for turn in range(algorithm.headSteps):
            examples = draw_labelled(adversary.corpus, recipe.batch, recipe.seed, step, DOWNSTREAM + turn).to(device)
            features = model.concatenated(examples)
            adversary.optimiser.zero_grad(set_to_none=True)
            functional.cross_entropy(adversary.head(features.detach()), examples.targets).backward()
            adversary.optimiser.step()
        loss, tokens = pretraining(step)
        downstream = functional.cross_entropy(adversary.head(features), examples.targets)
        return loss - algorithm.adversarialWeight * downstream, tokens

    return against_task
