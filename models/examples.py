#!/usr/bin/env python3
"""Trains the small language models in models/examples/: almost the same loss, very different flatness.

    python models/examples.py

writes one ONNX file and card per recipe, and corpus.jsonl with held-out examples. The language is a hidden Markov
model, whose exact conditionals give the optimal loss. Everything is seeded: the same machine and package versions give
the same files.
"""

import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from export import DEFAULT_OPSET, export
from exporting.loading import TokensToLogits

FOLDER = Path(__file__).resolve().parent / "examples"

PAD, MASK, FIRST_WORD = 0, 1, 2
WORDS = 24
STATES = 6
SHORTEST, LONGEST = 5, 10
VOCABULARY = FIRST_WORD + WORDS
IGNORED = -100

HIDDEN, INNER, HEADS, LAYERS = 32, 96, 4, 2

WARM_UP = 100
# What the corpus and the validation examples are drawn from; the seeds of runs differ from it.
HELD_OUT_SEED = 0
CORPUS_EXAMPLES = 400
VALIDATION_EXAMPLES = 20_000


@dataclass(frozen=True)
class Recipe:
    """One checkpoint: the end of a run of so many steps."""

    run: str
    steps: int
    optimiser: str
    learning_rate: float
    batch: int
    weight_decay: float
    # Initial weights and training examples.
    seed: int

    @property
    def name(self) -> str:
        return f"{self.run}-step-{self.steps}"


RECIPES = (
    Recipe("adamw-low-rate", 4000, "AdamW", 5e-4, 128, 0.01, seed=1),
    Recipe("adamw-small-batch", 5000, "AdamW", 5e-3, 64, 0.1, seed=2),
    Recipe("adamw", 2000, "AdamW", 2e-3, 128, 0.01, seed=3),
    Recipe("adamw", 6000, "AdamW", 2e-3, 128, 0.01, seed=3),
    Recipe("sgd", 5000, "SGD", 0.3, 128, 0.0, seed=4),
)


@dataclass(frozen=True)
class Examples:
    """Sentences of 5 to 10 words with one word masked: its place, and which one it was."""

    ids: np.ndarray
    mask: np.ndarray
    places: np.ndarray
    labels: np.ndarray


class Language:
    """A hidden Markov model: each state has 2 likely successors and 5 likely words; anything else is just possible.

    Impossible words would let a model gain without end from ever larger weights, and so have no minimum.
    """

    def __init__(self, seed: int = 1) -> None:
        generator = np.random.default_rng(seed)
        self.start = generator.dirichlet(np.ones(STATES))
        self.successors = self.rows(generator, likely=2, size=STATES)
        self.words = self.rows(generator, likely=5, size=WORDS)

    @staticmethod
    def rows(generator: np.random.Generator, likely: int, size: int) -> np.ndarray:
        """A distribution per state, with 4 % spread evenly."""
        result = np.full((STATES, size), 0.04 / size)
        for row in result:
            row[generator.choice(size, likely, replace=False)] += 0.96 * generator.dirichlet(np.ones(likely))
        return result

    def sample(self, count: int, generator: np.random.Generator) -> Examples:
        def draw(distributions: np.ndarray) -> np.ndarray:
            return (generator.random((count, 1)) < distributions.cumsum(1)).argmax(1)

        state = draw(np.tile(self.start, (count, 1)))
        ids = np.empty((count, LONGEST), np.int64)
        for place in range(LONGEST):
            ids[:, place] = FIRST_WORD + draw(self.words[state])
            state = draw(self.successors[state])
        lengths = generator.integers(SHORTEST, LONGEST + 1, count)
        mask = (np.arange(LONGEST) < lengths[:, None]).astype(np.int64)
        places = generator.integers(lengths)
        labels = ids[np.arange(count), places]
        ids[np.arange(count), places] = MASK
        return Examples(np.where(mask > 0, ids, PAD), mask, places, labels)

    def conditional(self, examples: Examples) -> np.ndarray:
        """Exact probability of every word at the masked place, by the forward–backward algorithm."""
        count = len(examples.ids)
        # What is masked or padding says nothing about its state.
        is_word = examples.ids >= FIRST_WORD
        emitted = np.where(is_word[..., None], self.words.T[np.maximum(examples.ids - FIRST_WORD, 0)], 1.0)
        before = np.empty((LONGEST, count, STATES))
        after = np.empty_like(before)
        before[0] = self.start
        after[-1] = 1.0
        for place in range(1, LONGEST):
            before[place] = (before[place - 1] * emitted[:, place - 1]) @ self.successors
            after[-1 - place] = (after[-place] * emitted[:, -place]) @ self.successors.T
        state = (before * after)[examples.places, np.arange(count)]
        return state / state.sum(1, keepdims=True) @ self.words


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.key = nn.Linear(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, HIDDEN)
        self.output = nn.Linear(HIDDEN, HIDDEN)

    def heads(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], HEADS, HIDDEN // HEADS).transpose(1, 2)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = query @ key.transpose(-1, -2) / math.sqrt(HIDDEN // HEADS) + bias
        mixed = (scores.softmax(-1) @ value).transpose(1, 2)
        return self.output(mixed.reshape(x.shape[0], x.shape[1], HIDDEN))


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(HIDDEN)
        self.attention = Attention()
        self.feedforward_norm = nn.LayerNorm(HIDDEN)
        self.inner = nn.Linear(HIDDEN, INNER)
        self.outer = nn.Linear(INNER, HIDDEN)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), bias)
        return x + self.outer(nn.functional.gelu(self.inner(self.feedforward_norm(x))))


class Encoder(nn.Module):
    """Pre-LN encoder with learned positions and an untied head."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, HIDDEN)
        self.positions = nn.Embedding(LONGEST, HIDDEN)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(HIDDEN)
        self.head = nn.Linear(HIDDEN, VOCABULARY)
        for table in (self.words, self.positions):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.words(input_ids) + self.positions(positions)
        bias = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        return self.head(self.norm(x))


def logits_at_masks(model: nn.Module, examples: Examples) -> Tensor:
    logits = model(torch.from_numpy(examples.ids), torch.from_numpy(examples.mask))
    return logits[torch.arange(len(logits)), torch.from_numpy(examples.places)]


def rate(recipe: Recipe, step: int) -> float:
    """Constant after the warm-up; the last quarter falls to 0, so that the loss is not that of one noisy step."""
    left = recipe.steps - step
    return recipe.learning_rate * min(1.0, (step + 1) / WARM_UP, left / (recipe.steps // 4))


def train(recipe: Recipe, language: Language) -> tuple[Encoder, int]:
    """The trained model, and how many tokens it saw. No sentence is kept, so nothing can be learnt by heart."""
    torch.manual_seed(recipe.seed)
    model = Encoder()
    generator = np.random.default_rng(recipe.seed)
    optimiser: torch.optim.Optimizer
    if recipe.optimiser == "SGD":
        optimiser = torch.optim.SGD(model.parameters(), momentum=0.9, weight_decay=recipe.weight_decay)
    else:
        optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=recipe.weight_decay)
    tokens = 0
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = rate(recipe, step)
        examples = language.sample(recipe.batch, generator)
        loss = nn.functional.cross_entropy(logits_at_masks(model, examples), torch.from_numpy(examples.labels))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        tokens += int(examples.mask.sum())
    return model.eval(), tokens


@torch.no_grad()
def loss_of(model: nn.Module, examples: Examples) -> float:
    """Nats per masked word."""
    return float(nn.functional.cross_entropy(logits_at_masks(model, examples), torch.from_numpy(examples.labels)))


@torch.no_grad()
def excess_loss(model: nn.Module, examples: Examples, conditional: np.ndarray) -> float:
    """Mean divergence of the model from the language's own conditional; 0 is optimal."""
    predicted = logits_at_masks(model, examples).double().log_softmax(-1).numpy()[:, FIRST_WORD:]
    return float((conditional * (np.log(conditional) - predicted)).sum(1).mean())


def corpus_lines(examples: Examples) -> str:
    lines = []
    for ids, mask, place, label in zip(examples.ids, examples.mask, examples.places, examples.labels, strict=True):
        labels = [IGNORED] * LONGEST
        labels[place] = int(label)
        example = {"input_ids": ids.tolist(), "labels": labels, "attention_mask": mask.tolist()}
        lines.append(json.dumps(example, separators=(",", ":")) + "\n")
    return "".join(lines)


def main() -> int:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    language = Language()
    held_out = np.random.default_rng(HELD_OUT_SEED)
    corpus = language.sample(CORPUS_EXAMPLES, held_out)
    (FOLDER / "corpus.jsonl").write_text(corpus_lines(corpus))
    validation = language.sample(VALIDATION_EXAMPLES, held_out)
    conditional = language.conditional(validation)
    entropy = float(-(conditional * np.log(conditional)).sum(1).mean())
    print(f"Entropy of a masked word: {entropy:.4f} nats")

    for recipe in RECIPES:
        started = time.monotonic()
        model, tokens = train(recipe, language)
        excess = excess_loss(model, validation, conditional)
        card = {
            "name": recipe.name,
            "run": recipe.run,
            "family": f"encoder-d{HIDDEN}-l{LAYERS}",
            "step": recipe.steps,
            "tokens": tokens,
            "optimiser": recipe.optimiser,
            "notes": f"Batch {recipe.batch}, learning rate {recipe.learning_rate:g}, "
            f"weight decay {recipe.weight_decay:g}. {excess:.3f} nats above the optimal loss of its language.",
        }
        output = FOLDER / f"{recipe.name}.onnx"
        export(
            TokensToLogits(model, {}),
            ["input_ids", "attention_mask"],
            output,
            "dynamo",
            DEFAULT_OPSET["dynamo"],
            card,
        )
        print(
            f"{recipe.name}: loss {loss_of(model, corpus):.4f} on the corpus, excess loss {excess:.4f}, "
            f"{time.monotonic() - started:.0f} s",
            flush=True,
        )
    names = {recipe.name for recipe in RECIPES}
    for stale in FOLDER.glob("*.onnx"):
        if stale.stem not in names:
            stale.unlink()
            stale.with_suffix(".card.json").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
