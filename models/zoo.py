#!/usr/bin/env python3
"""Trains the zoo: models of nearly equal loss, reached in different ways.

    python models/zoo.py train RECIPES.json --data DIR --work DIR --output models/zoo/SUITE

Every run goes on where it stopped, and what exists is not made again: the same command is repeated until all is done.

    python models/zoo.py widen RUN@STEP --work DIR --width N --output NAME.onnx

embeds a checkpoint in a larger model that computes the same function.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from training.errors import TrainingError
from training.jobs import train_all
from training.language import load_language
from training.place import Place
from training.publishing import publish, rebuild
from training.recipes import load_recipes
from training.state import load, save, weights_path
from training.widening import largest_logit_difference, widened, wider_shape

# Of a logit of the wider model from the small one's; rounding leaves about a hundredth of it.
LARGEST_DIFFERENCE = 1e-4


def train(options: argparse.Namespace) -> bool:
    recipes = load_recipes(options.recipes)
    if options.only:
        unknown = sorted(set(options.only) - {recipe.run for recipe in recipes})
        if unknown:
            raise TrainingError(f"{options.recipes} has no run {unknown[0]}.")
        recipes = [recipe for recipe in recipes if recipe.run in options.only]
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: PyTorch finds no CUDA device here.")
    place = Place(load_language(options.data), options.work.resolve(), options.output.resolve(), device)
    return train_all(recipes, place, options.threads, options.jobs)


def widen(options: argparse.Namespace) -> bool:
    path, run, step = find_weights(options.small, options.work)
    weights = load(path)
    small = rebuild(weights)
    shape = wider_shape(small.shape, options.width, options.heads, options.inner, options.layers)
    large = widened(small, shape)
    difference = largest_logit_difference(small, large)
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainingError(f"The wider model's logits differ by {difference:.2g}, so it is not the same function.")
    wide = weights | {"shape": asdict(shape), "model": large.state_dict()}
    if options.weights:
        save(wide, options.weights)
    card = {
        "name": options.output.stem,
        "run": run,
        "family": options.family,
        "step": step,
        "tokens": weights["tokens"],
        "optimiser": None,
        "notes": f"Step {step} of {run}, of width {small.shape.width}, embedded in width {shape.width} with "
        f"{shape.layers} layers, {shape.heads} heads, inner width {shape.inner}: the same function.",
        "width": shape.width,
        "layers": shape.layers,
    }
    publish(wide, options.output.resolve().parent, options.output.stem, card)
    print(f"{options.output}: width {shape.width}; largest difference of a logit {difference:.2g}")
    return True


def find_weights(small: str, work: Path | None) -> tuple[Path, str, int]:
    """The file that FILE.pt or RUN@STEP stands for, its run and its step."""
    run, at, step = small.rpartition("@")
    if at and step.isdigit():
        if work is None:
            raise TrainingError(f"{small} needs --work, the folder that zoo.py train kept its weights in.")
        return weights_path(work, run, int(step)), run, int(step)
    path = Path(small)
    number = path.stem.removeprefix("step-")
    if not number.isdigit():
        raise TrainingError(f"{small} is neither RUN@STEP nor a file step-N.pt that zoo.py train kept.")
    return path, path.resolve().parent.name, int(number)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train the zoo's models and export their checkpoints.",
        epilog="Exit code 0: all done; 1: failed or stopped; 2: wrong usage.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    training = commands.add_parser("train", help="train and export every run of a file of recipes")
    training.add_argument("recipes", type=Path, metavar="RECIPES.json")
    training.add_argument("--data", type=Path, required=True, metavar="DIR", help="the suite's language and corpora")
    training.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="where states and weights are kept between calls"
    )
    training.add_argument("--output", type=Path, required=True, metavar="DIR", help="where ONNX files and cards go")
    training.add_argument("--only", nargs="+", metavar="RUN", help="these runs alone")
    training.add_argument("--threads", type=int, default=1, help="threads for each run (default: %(default)s)")
    training.add_argument("--jobs", type=int, default=1, help="runs at a time (default: %(default)s)")
    training.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default: %(default)s")
    training.set_defaults(command=train)

    widening = commands.add_parser("widen", help="embed a checkpoint in a larger model, its function unchanged")
    widening.add_argument("small", metavar="RUN@STEP|FILE.pt", help="weights that train kept in its work folder")
    widening.add_argument("--work", type=Path, metavar="DIR", help="the work folder, for RUN@STEP")
    widening.add_argument("--width", type=int, required=True, help="a multiple of the small model's")
    widening.add_argument("--heads", type=int, help="default: repeated as often as the width")
    widening.add_argument("--inner", type=int, help="inner width of the feed-forward (default: grows as the width)")
    widening.add_argument("--layers", type=int, help="more layers, which write nothing (default: as many)")
    widening.add_argument("--output", type=Path, required=True, metavar="NAME.onnx", help="NAME.card.json joins it")
    widening.add_argument("--weights", type=Path, metavar="FILE.pt", help="keep the weights for PyTorch too")
    widening.add_argument("--family", help="what its card says")
    widening.set_defaults(command=widen)
    options = parser.parse_args(arguments)
    if "small" in options and options.output.suffix != ".onnx":
        parser.error(f"--output {options.output} must end in .onnx")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        return 0 if options.command(options) else 1
    except TrainingError as error:
        print(f"zoo.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
