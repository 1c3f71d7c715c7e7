"""Where training reads and writes."""

from dataclasses import dataclass
from pathlib import Path

import torch

from .language import Language


@dataclass(frozen=True)
class Place:
    language: Language
    # States and weights, kept between calls.
    work: Path
    # ONNX files and cards.
    output: Path
    device: torch.device

    @property
    def cache(self) -> Path:
        """Corpora as arrays."""
        return self.work / "corpora"
