"""How the learning rate moves."""

import math
from dataclasses import dataclass

from .errors import TrainingError

NAMES = ("constant", "cosine", "linear", "trapezoid")


@dataclass(frozen=True)
class Schedule:
    name: str = "cosine"
    # A share of all steps below 1, or a number of steps.
    warmup: float = 0.06
    # The last share of the steps in which a trapezoid falls.
    decay: float = 0.2
    # What the rate ends at, as a share of its peak.
    final: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise TrainingError(f"The schedule {self.name!r} is none of {', '.join(NAMES)}.")

    def factor(self, step: int, steps: int) -> float:
        """Share of the peak rate at `step` of `steps`, both counted from this run's own start."""
        warmup = round(self.warmup * steps) if self.warmup < 1 else int(self.warmup)
        if step < warmup:
            return (step + 1) / warmup
        if self.name == "constant":
            return 1.0
        if self.name == "trapezoid":
            falling = max(1, round(self.decay * steps))
            return self.final + (1 - self.final) * min(1.0, (steps - step) / falling)
        progress = (step - warmup) / max(1, steps - warmup)
        remaining = (1 + math.cos(math.pi * progress)) / 2 if self.name == "cosine" else 1 - progress
        return self.final + (1 - self.final) * remaining
