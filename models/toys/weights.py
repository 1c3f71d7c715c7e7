"""Random weights under which every parameter tells in the logits."""

from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def randomise(module: M, seed: int) -> M:
    """Matrices N(0, 0.2²), norm scales N(1, 0.1²), other vectors N(0, 0.1²), in eval mode.

    Fresh modules have zero biases and unit scales, which hide mistakes; worse, exporters merge tensors of equal
    content into one, so that a fresh model's biases come out looking tied.
    """
    generator = torch.Generator().manual_seed(seed)
    scales = {
        id(parameter)
        for part in module.modules()
        if "Norm" in type(part).__name__
        for name, parameter in part.named_parameters(recurse=False)
        if name == "weight"
    }
    with torch.no_grad():
        for parameter in module.parameters():
            spread = 0.2 if parameter.ndim > 1 else 0.1
            centre = 1.0 if id(parameter) in scales else 0.0
            parameter.copy_(centre + spread * torch.randn(parameter.shape, generator=generator))
    return module.eval()


def count(module: nn.Module) -> int:
    """Trainable parameters, tied ones once (`parameters()` yields each tensor object once)."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
