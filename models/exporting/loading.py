"""Models from what training left on disk."""

import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .errors import ExportError, one_line, shortened


class TokensToLogits(nn.Module):
    """Plain tensors in, the logits out, whatever the model's own forward returns."""

    def __init__(self, model: nn.Module, options: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.options = options

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        given = {"attention_mask": attention_mask, "token_type_ids": token_type_ids}
        given = {name: value for name, value in given.items() if value is not None}
        result = self.model(input_ids, **given, **self.options)
        if isinstance(result, dict):
            return result["logits"]
        return result if isinstance(result, Tensor) else result[0]


def detect_objective(config: Any) -> str:
    """The objective that a Hugging Face configuration's own architecture was trained with."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

    architecture = (config.architectures or [""])[0]
    if "MaskedLM" in architecture:
        return "mlm"
    if "CausalLM" in architecture or "LMHeadModel" in architecture:
        return "clm"
    masked, causal = type(config) in MODEL_FOR_MASKED_LM_MAPPING, type(config) in MODEL_FOR_CAUSAL_LM_MAPPING
    if masked == causal:
        raise ExportError(
            f"Its config.json names the architecture {architecture or 'of no model'}, "
            "which leaves open what it was trained for: say --objective mlm or --objective clm."
        )
    return "mlm" if masked else "clm"


def load_checkpoint(directory: Path, objective: str | None) -> tuple[TokensToLogits, list[str]]:
    """A Hugging Face checkpoint, and the inputs it takes."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM
    from transformers.utils import logging as transformers_logging

    if not (directory / "config.json").is_file():
        raise ExportError(f"{directory} is not a Hugging Face checkpoint directory: it holds no config.json.")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(directory, local_files_only=True)
        objective = objective or detect_objective(config)
        model_class = AutoModelForMaskedLM if objective == "mlm" else AutoModelForCausalLM
        model, report = model_class.from_pretrained(
            directory,
            config=config,
            dtype=torch.float32,
            # The fused kernels' guards against fully masked rows only add nodes to the graph.
            attn_implementation="eager",
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ExportError(f"transformers cannot load {directory}: {one_line(error)}") from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ExportError(
            f"{directory} holds no weights for {shortened(missing)} of {type(model).__name__}, "
            "which would be random: is --objective right for it?"
        )
    if objective == "clm":
        return TokensToLogits(model, {"use_cache": False}), ["input_ids", "attention_mask"]
    inputs = ["input_ids", "attention_mask"]
    knows_segments = getattr(config, "type_vocab_size", 0) > 1
    if knows_segments and "token_type_ids" in inspect.signature(model.forward).parameters:
        inputs.append("token_type_ids")
    return TokensToLogits(model, {}), inputs


def load_module(target: str, weights: Path) -> tuple[TokensToLogits, list[str]]:
    """A PyTorch module made by the function or class `package.module:factory`, and the inputs it takes."""
    module_name, _, factory_name = target.partition(":")
    # What the user has in the working directory is importable, as with `python -m`.
    sys.path.insert(0, os.getcwd())
    try:
        factory = getattr(importlib.import_module(module_name), factory_name)
    except (ImportError, AttributeError) as error:
        raise ExportError(f"--module {target} cannot be imported: {error}.") from error
    try:
        model = factory()
    except Exception as error:
        raise ExportError(f"{target}() fails: {one_line(error)}") from error
    if not isinstance(model, nn.Module):
        raise ExportError(f"{target}() gives a {type(model).__name__}, not a torch.nn.Module.")
    if not weights.is_file():
        raise ExportError(f"--weights {weights} does not exist.")
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ExportError(f"--weights {weights} is not a state_dict that torch.save wrote.") from error
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise ExportError(f"{weights} does not fit {target}(): {one_line(error)}") from error
    accepted = inspect.signature(model.forward).parameters
    inputs = ["input_ids"]
    for name in ("attention_mask", "token_type_ids"):
        if name not in accepted:
            break
        inputs.append(name)
    return TokensToLogits(model.float(), {}), inputs
