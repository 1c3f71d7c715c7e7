#!/usr/bin/env python3
"""Exports a language model to an ONNX file that Plateau can measure, and checks it against PyTorch.

    python models/export.py CHECKPOINT_DIRECTORY --output NAME.onnx
    python models/export.py --module package.module:factory --weights FILE.pt --output NAME.onnx

The file computes in fp32, takes `input_ids` and `attention_mask` (and `token_type_ids` where the model knows segments)
with axes named `batch` and `sequence`, and gives `logits`. NAME.card.json beside it says which checkpoint it is.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor

from exporting.errors import ExportError, one_line, shortened
from exporting.loading import TokensToLogits, load_checkpoint, load_module
from exporting.parameters import distinguishable, name_parameters
from exporting.tracing import to_onnx

CARD_FIELDS = ("name", "run", "family", "step", "tokens", "optimiser", "notes")
DEFAULT_OPSET = {"dynamo": 18, "torchscript": 17}
# protobuf cannot hold 2 GiB; the graph around the weights needs some of the rest.
LARGEST_SINGLE_FILE = 1_800_000_000
LARGEST_DIFFERENCE = 1e-3
TRACED_SHAPE = (2, 8)
# Neither axis as it was traced, so that a size baked into the graph is found out.
VERIFIED_SHAPES = ((3, 5), (1, 7))
AXES = {0: "batch", 1: "sequence"}


def vocabulary(wrapped: TokensToLogits, inputs: Sequence[str]) -> int:
    """How many words the model chooses among."""
    # Ids 0 and 1 are in every vocabulary.
    tokens = random_tokens(inputs, TRACED_SHAPE, size=2, seed=0)
    with torch.no_grad():
        shape = wrapped(*tokens.values()).shape
    if len(shape) != 3 or tuple(shape[:2]) != TRACED_SHAPE:
        raise ExportError(
            f"The model gives logits of shape {list(shape)} for ids of shape {list(TRACED_SHAPE)}; "
            "Plateau needs [batch, sequence, vocabulary]."
        )
    return shape[2]


def random_tokens(inputs: Sequence[str], shape: tuple[int, int], size: int, seed: int) -> dict[str, Tensor]:
    """Random ids whose rows end in different amounts of padding, so that the mask matters."""
    generator = torch.Generator().manual_seed(seed)
    batch, sequence = shape
    lengths = sequence - torch.arange(batch) % (sequence // 2)
    values = {
        "input_ids": torch.randint(size, shape, generator=generator),
        "attention_mask": (torch.arange(sequence) < lengths[:, None]).long(),
        "token_type_ids": torch.randint(2, shape, generator=generator),
    }
    return {name: values[name] for name in inputs}


def largest_difference(wrapped: TokensToLogits, inputs: Sequence[str], size: int, path: Path) -> float:
    """Largest absolute difference between ONNX Runtime's and PyTorch's logits at positions that are not padding."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ExportError(
            f"ONNX Runtime {onnxruntime.__version__} cannot load the export: {one_line(error)}"
        ) from error
    # A module may accept a mask and not use it.
    taken = [declared.name for declared in session.get_inputs()]
    differences = []
    for seed, shape in enumerate(VERIFIED_SHAPES):
        tokens = random_tokens(inputs, shape, size, seed)
        with torch.no_grad():
            expected = wrapped(*tokens.values()).numpy()
        try:
            actual = session.run(["logits"], {name: tokens[name].numpy() for name in taken})[0]
        except Exception as error:
            raise ExportError(
                f"The exported graph fails at batch {shape[0]}, sequence {shape[1]}, "
                f"so the exporter fixed a size that must vary ({one_line(error)}); try the other --exporter."
            ) from error
        kept = tokens["attention_mask"].numpy() > 0 if "attention_mask" in tokens else np.ones(shape, bool)
        differences.append(float(np.abs(actual - expected)[kept].max()))
        print(f"batch {shape[0]}, sequence {shape[1]}: largest difference from PyTorch {differences[-1]:.2g}")
    return float(np.max(differences))


def save(model: onnx.ModelProto, path: Path) -> list[Path]:
    """Writes the model, its weights in NAME.onnx.data if one file could not hold them; returns the files."""
    if sum(len(tensor.raw_data) for tensor in model.graph.initializer) <= LARGEST_SINGLE_FILE:
        onnx.save(model, path)
        return [path]
    data = path.with_name(path.name + ".data")
    onnx.save(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=data.name)
    # onnx makes the data file readable to its owner alone.
    data.chmod(path.stat().st_mode)
    return [path, data]


def to_named_onnx(
    wrapped: TokensToLogits, inputs: Sequence[str], size: int, exporter: str, opset: int, fold: bool = True
) -> tuple[onnx.ModelProto, list[str]]:
    """The model under PyTorch's own parameter names, and the parameters that are not in it."""
    tokens = random_tokens(inputs, TRACED_SHAPE, size, seed=len(VERIFIED_SHAPES))
    axes = dict.fromkeys((*inputs, "logits"), AXES)
    with distinguishable(wrapped.model) as originals:
        try:
            model = to_onnx(wrapped, list(tokens.values()), inputs, ["logits"], axes, exporter, opset, fold)
        except ExportError:
            raise
        except Exception as error:
            other = "torchscript" if exporter == "dynamo" else "dynamo"
            raise ExportError(
                f"PyTorch's {exporter} exporter failed ({one_line(error)}); try --exporter {other}."
            ) from error
        absent = name_parameters(model, wrapped.model, originals)
    if absent and fold:
        # Folding swallows a parameter that is used only in an expression, such as Gemma's 1 + weight.
        unfolded, unused_ones = to_named_onnx(wrapped, inputs, size, exporter, opset, fold=False)
        if len(unused_ones) < len(absent):
            return unfolded, unused_ones
    return model, absent


def export(
    wrapped: TokensToLogits, inputs: Sequence[str], output: Path, exporter: str, opset: int, card: dict[str, Any]
) -> None:
    """Exports, verifies and only then puts the files in place."""
    wrapped.eval()
    size = vocabulary(wrapped, inputs)
    model, absent = to_named_onnx(wrapped, inputs, size, exporter, opset)
    if absent:
        print(
            f"Parameters that the logits do not depend on, and that the export leaves out: {shortened(absent)}.",
            file=sys.stderr,
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as folder:
        files = save(model, Path(folder) / output.name)
        difference = largest_difference(wrapped, inputs, size, files[0])
        # Written so that a NaN fails too.
        if not difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"The exported logits differ from PyTorch's by {difference:.2g}, more than {LARGEST_DIFFERENCE:g}; "
                "try the other --exporter."
            )
        for file in files:
            file.replace(output.with_name(file.name))
    card_path = output.with_name(output.stem + ".card.json")
    card_path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{output}: {os.path.getsize(output):,} bytes, opset {opset} by {exporter}; card in {card_path}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Export a language model to an ONNX file that Plateau can measure, checked against PyTorch.",
        epilog="Exit code 0: exported and verified; 1: failed; 2: wrong usage.",
    )
    parser.add_argument("checkpoint", nargs="?", type=Path, help="Hugging Face checkpoint directory")
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="NAME.onnx", help="file to write")
    parser.add_argument(
        "--objective",
        choices=["mlm", "clm"],
        help="masked or causal language model (default: what the checkpoint's config.json says)",
    )
    parser.add_argument(
        "--module",
        metavar="PACKAGE.MODULE:FACTORY",
        help="instead of a checkpoint: a function or class without arguments that makes the torch.nn.Module, whose "
        "forward takes token ids first, attention_mask by name if at all, and gives logits",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE.pt", help="the module's state_dict, as torch.save wrote it"
    )
    parser.add_argument(
        "--exporter",
        choices=["dynamo", "torchscript"],
        default="dynamo",
        help="PyTorch exporter (default: %(default)s)",
    )
    parser.add_argument("--opset", type=int, help="ONNX opset (default: 18 for dynamo, 17 for torchscript)")
    card = parser.add_argument_group("card", "what NAME.card.json says about the checkpoint; null where not given")
    card.add_argument("--name", help="what to call it on a board")
    card.add_argument("--run", help="the training run it is from")
    card.add_argument("--family", help="runs to compare with one another, such as one architecture and size")
    card.add_argument("--step", type=int, help="optimiser steps taken")
    card.add_argument("--tokens", type=int, help="tokens seen")
    card.add_argument("--optimiser", help="for example AdamW")
    card.add_argument("--notes", help="anything else")
    options = parser.parse_args(arguments)
    problem = misuse(options)
    if problem:
        parser.error(problem)
    return options


def misuse(options: argparse.Namespace) -> str | None:
    """What is wrong with the combination of options, if anything."""
    if (options.checkpoint is None) == (options.module is None):
        return "give either a checkpoint directory or --module"
    if (options.module is None) != (options.weights is None):
        return "--module and --weights go together"
    if options.module and ":" not in options.module:
        return f"--module {options.module} lacks the factory; write package.module:factory"
    if options.module and options.objective:
        return "--objective picks the class of a Hugging Face checkpoint; a --module is what it is"
    if options.output.suffix != ".onnx":
        return f"--output {options.output} must end in .onnx"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    opset = options.opset or DEFAULT_OPSET[options.exporter]
    card = {field: getattr(options, field) for field in CARD_FIELDS}
    try:
        if options.module:
            wrapped, inputs = load_module(options.module, options.weights)
        else:
            wrapped, inputs = load_checkpoint(options.checkpoint, options.objective)
        export(wrapped, inputs, options.output, options.exporter, opset, card)
    except ExportError as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
