"""A checkpoint's weights as ONNX and card, by way of export.py."""

import contextlib
import io
from pathlib import Path
from typing import Any

from export import DEFAULT_OPSET, export
from exporting.errors import ExportError
from exporting.loading import TokensToLogits

from .errors import TrainingError
from .model import Shape, Transformer
from .place import Place
from .recipes import Recipe
from .state import load, weights_path

OPTIMISERS = {"sgd": "SGD"}


def published(output: Path, name: str) -> bool:
    # The card is written last.
    return (output / f"{name}.onnx").exists() and (output / f"{name}.card.json").exists()


def finished(recipe: Recipe, output: Path) -> bool:
    """Whether every checkpoint is exported."""
    return all(published(output, recipe.name(step)) for step in recipe.checkpoints)


def publish_step(recipe: Recipe, place: Place, step: int) -> None:
    """Exports weights that were kept in the work folder."""
    weights = load(weights_path(place.work, recipe.run, step))
    card = make_card(recipe, step, weights["tokens"], weights["loss"], weights["excess"])
    publish(weights, place.output, recipe.name(step), card)
    excess = "" if weights["excess"] is None else f", excess {weights['excess']:.4f}"
    print(f"{recipe.run}: step {step} exported, loss {weights['loss']:.4f}{excess}", flush=True)


def publish(weights: dict[str, Any], output: Path, name: str, card: dict[str, Any]) -> None:
    """Exports what `step-N.pt` holds, and checks it against PyTorch."""
    model = rebuild(weights)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            export(
                TokensToLogits(model, {}),
                ["input_ids", "attention_mask"],
                output / f"{name}.onnx",
                "dynamo",
                DEFAULT_OPSET["dynamo"],
                card,
            )
    except ExportError as error:
        raise TrainingError(f"{name} cannot be exported: {error} {said.getvalue()}") from error


def rebuild(weights: dict[str, Any]) -> Transformer:
    model = Transformer(Shape(**weights["shape"]))
    model.load_state_dict(weights["model"])
    return model.eval()


def make_card(recipe: Recipe, step: int, tokens: int, loss: float, excess: float | None) -> dict[str, Any]:
    algorithm = recipe.algorithm
    return {
        "name": recipe.name(step),
        "run": recipe.run,
        "family": recipe.family,
        "step": step,
        "tokens": tokens,
        "optimiser": OPTIMISERS.get(algorithm.name, "AdamW"),
        "notes": notes(recipe),
        "seed": recipe.seed,
        # Checkpoints of a run that goes on from another are no independent evidence.
        **({"startedFrom": recipe.start.run} if recipe.start else {}),
        "suite": recipe.suite,
        "algorithm": algorithm.name,
        "width": recipe.width,
        "layers": recipe.layers,
        "batch": recipe.batch,
        "learningRate": algorithm.learningRate,
        "trainerLoss": round(loss, 6),
        "trainerExcessLoss": None if excess is None else round(excess, 6),
    }


def notes(recipe: Recipe) -> str:
    algorithm = recipe.algorithm
    shape = f"{recipe.layers} layers of width {recipe.width}, {recipe.heads} heads, inner width {recipe.inner}"
    parts = [
        f"{shape}; batch {recipe.batch}, learning rate {algorithm.learningRate:g} ({algorithm.schedule.name}), "
        f"weight decay {algorithm.weightDecay:g}"
    ]
    if algorithm.name == "adversarial":
        parts.append(f"adversarial against task {algorithm.task} with weight {algorithm.adversarialWeight:g}")
    if algorithm.name == "exact-conditional":
        parts.append("trained on the language's exact conditionals")
    if recipe.start:
        parts.append(f"goes on from step {recipe.start.step} of {recipe.start.run}")
    if recipe.notes:
        parts.append(recipe.notes.rstrip("."))
    return "; ".join(parts) + "."
