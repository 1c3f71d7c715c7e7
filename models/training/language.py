"""The language that a suite's models learn, as its folder describes it.

    language.json         {"vocabulary", "pad", "mask", "maximumLength", "objective", "optimalLoss"}
    train.jsonl           {"input_ids": […]}: whole sentences; what is predicted is drawn anew each time
    evaluation.jsonl      {"input_ids": […], "labels": […]}: −100 where nothing is predicted
    exact.jsonl, .f32     as evaluation.jsonl with one label a line, and the exact conditionals of those labels:
                          raw float32, little-endian, one row of `vocabulary` numbers a line (optional)
    tasks/NAME.jsonl      {"input_ids": […], "label": 3}: downstream examples (optional)

Causal sentences are labelled as they are; the label of a token is predicted one place before it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import TrainingError

OBJECTIVES = ("mlm", "clm")


@dataclass(frozen=True)
class Language:
    folder: Path
    vocabulary: int
    pad: int
    # The id that hides a word; no causal model needs one.
    mask: int | None
    maximum_length: int
    objective: str
    # Exact mean entropy of what the evaluation corpus asks for, in nats; None where it is not known.
    optimal_loss: float | None


def load_language(folder: Path) -> Language:
    path = folder / "language.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be read ({error.strerror}); --data must hold the suite's corpora."
        ) from error
    except ValueError as error:
        raise TrainingError(f"{path} is not JSON: {error}.") from error

    def number(name: str, optional: bool = False) -> Any:
        value = said.get(name)
        if value is None and optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise TrainingError(f"{path}: {name} is {value!r}; it must be a whole number, 0 or more.")
        return value

    objective = said.get("objective")
    if objective not in OBJECTIVES:
        raise TrainingError(f"{path}: objective is {objective!r}; it must be one of {', '.join(OBJECTIVES)}.")
    optimal = said.get("optimalLoss")
    if optimal is not None and not isinstance(optimal, int | float):
        raise TrainingError(f"{path}: optimalLoss is {optimal!r}; it must be nats, or null.")
    return Language(
        folder=folder,
        vocabulary=number("vocabulary"),
        pad=number("pad"),
        mask=number("mask", optional=objective == "clm"),
        maximum_length=number("maximumLength"),
        objective=objective,
        optimal_loss=optimal,
    )
