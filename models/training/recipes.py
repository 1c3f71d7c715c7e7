"""Recipes: what to train, read from JSON and checked before anything runs.

    {"suite": "pcfg-mini", "defaults": {a run's fields}, "runs": [{a run's fields}, …]}

`algorithm` and its `schedule` are merged with the defaults field by field; everything else replaces them. Steps are
counted from the very beginning: a run that starts from step 20,000 of another goes on at 20,001.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from .errors import TrainingError
from .schedules import Schedule

ALGORITHMS = ("adamw", "sgd", "adversarial", "exact-conditional")
# What may change under a run that has begun; its `steps` may too where the schedule does not depend on them.
CHANGEABLE = ("family", "checkpoints", "notes")


@dataclass(frozen=True)
class Algorithm:
    name: str = "adamw"
    learningRate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    # Of SGD.
    momentum: float = 0.9
    # On matrices and tables; biases and norms are left alone. Decoupled in AdamW, part of the gradient in SGD.
    weightDecay: float = 0.01
    schedule: Schedule = field(default_factory=Schedule)
    # Largest norm of the gradient; None for no limit.
    clip: float | None = 1.0
    # Of adversarial pre-training: the downstream task, its weight λ, and how its linear head is trained.
    task: str | None = None
    adversarialWeight: float = 0.0
    headLearningRate: float = 1e-3
    headSteps: int = 1


@dataclass(frozen=True)
class Start:
    run: str
    step: int


@dataclass(frozen=True)
class Recipe:
    run: str
    family: str
    suite: str
    width: int
    layers: int
    heads: int
    inner: int
    # Initial weights and the order of the data.
    seed: int
    batch: int
    steps: int
    checkpoints: tuple[int, ...]
    algorithm: Algorithm
    start: Start | None = None
    notes: str | None = None

    @property
    def first(self) -> int:
        """The step that the run begins after."""
        return self.start.step if self.start else 0

    def name(self, step: int) -> str:
        return f"{self.run}-step-{step}"


def load_recipes(path: Path) -> list[Recipe]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise TrainingError(f"{path} is not JSON: {error}.") from error
    if not isinstance(said, dict) or not isinstance(said.get("runs"), list) or not said["runs"]:
        raise TrainingError(f'{path} must be {{"suite": …, "defaults": {{…}}, "runs": [{{…}}, …]}} with a run or more.')
    shared = {"suite": said.get("suite")} | said.get("defaults", {})
    recipes = [parse_recipe(merged(shared, run), f"{path}, run {number}") for number, run in enumerate(said["runs"], 1)]
    earlier: dict[str, Recipe] = {}
    for recipe in recipes:
        if recipe.run in earlier:
            raise TrainingError(f"{path} has two runs called {recipe.run}.")
        if recipe.start:
            _check_start(recipe, earlier.get(recipe.start.run), path)
        earlier[recipe.run] = recipe
    return recipes


def merged(defaults: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    result = {**defaults, **run}
    for name in ("algorithm", "schedule"):
        if isinstance(defaults.get(name), dict) and isinstance(run.get(name), dict):
            result[name] = merged(defaults[name], run[name])
    return result


def parse_recipe(said: dict[str, Any], place: str) -> Recipe:
    place = f"{place} ({said.get('run', 'unnamed')})"
    algorithm = dict(said.get("algorithm", {}))
    schedule = algorithm.get("schedule", {})
    algorithm["schedule"] = _build(Schedule, {"name": schedule} if isinstance(schedule, str) else schedule, place)
    if isinstance(algorithm.get("betas"), list):
        algorithm["betas"] = tuple(algorithm["betas"])
    checkpoints = said.get("checkpoints")
    values = said | {
        "algorithm": _build(Algorithm, algorithm, place),
        "start": _build(Start, said["start"], place) if said.get("start") else None,
        "checkpoints": tuple(sorted(set(checkpoints))) if checkpoints is not None else (said.get("steps"),),
    }
    recipe = _build(Recipe, values, place)
    problem = _problem(recipe)
    if problem:
        raise TrainingError(f"{place}: {problem}.")
    return recipe


def _problem(recipe: Recipe) -> str | None:
    algorithm = recipe.algorithm
    if not recipe.run.replace("-", "").replace("_", "").replace(".", "").isalnum() or recipe.run.startswith("."):
        return f"the run's name {recipe.run!r} must be of letters, digits, hyphens, dots and underscores"
    if min(recipe.width, recipe.layers, recipe.heads, recipe.inner, recipe.batch) < 1:
        return "width, layers, heads, inner and batch must be 1 or more"
    if recipe.width % recipe.heads:
        return f"the width {recipe.width} is not divisible by {recipe.heads} heads"
    if recipe.steps <= recipe.first:
        return f"steps {recipe.steps} must be above the step it starts from, {recipe.first}"
    outside = [step for step in recipe.checkpoints if not recipe.first <= step <= recipe.steps]
    if outside:
        return f"the checkpoint {outside[0]} is not among the steps {recipe.first} to {recipe.steps}"
    if algorithm.name not in ALGORITHMS:
        return f"the algorithm {algorithm.name!r} is none of {', '.join(ALGORITHMS)}"
    if (algorithm.name == "adversarial") != (algorithm.task is not None):
        return "a task belongs to adversarial pre-training, and to nothing else"
    if algorithm.learningRate <= 0:
        return f"the learning rate {algorithm.learningRate} must be above 0"
    return None


def _check_start(recipe: Recipe, other: Recipe | None, path: Path) -> None:
    assert recipe.start
    if other is None:
        raise TrainingError(f"{path}: {recipe.run} starts from {recipe.start.run}, which is no run above it.")
    if recipe.start.step not in other.checkpoints:
        raise TrainingError(
            f"{path}: {recipe.run} starts from step {recipe.start.step} of {other.run}, whose checkpoints are "
            f"{', '.join(map(str, other.checkpoints))}."
        )
    for part in ("width", "layers", "heads", "inner"):
        if getattr(recipe, part) != getattr(other, part):
            raise TrainingError(f"{path}: {recipe.run} and {other.run}, which it starts from, differ in {part}.")


def _build(kind: type, values: Any, place: str) -> Any:
    """A dataclass from JSON, with its types checked."""
    if not isinstance(values, dict):
        raise TrainingError(
            f"{place}: {values!r} must be an object of {', '.join(part.name for part in fields(kind))}."
        )
    known = {part.name: part.type for part in fields(kind)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise TrainingError(f"{place}: there is no field {unknown[0]}; the fields are {', '.join(known)}.")
    for name, value in values.items():
        allowed = get_args(known[name]) or (known[name],)
        if known[name] is float or float in allowed:
            allowed = (*allowed, int)
        plain = tuple(one for one in allowed if isinstance(one, type) and not hasattr(one, "__origin__"))
        if plain and (isinstance(value, bool) or not isinstance(value, plain)) and not isinstance(value, tuple):
            raise TrainingError(f"{place}: {name} is {value!r}, a {type(value).__name__}.")
    try:
        return kind(**values)
    except TypeError as error:
        raise TrainingError(f"{place}: {str(error).removeprefix(kind.__name__ + '.__init__() ')}.") from error


def changed(recipe: Recipe, begun: Mapping[str, Any]) -> str | None:
    """The first field in which a recipe differs from the one its run began with, where that matters."""
    now = json.loads(json.dumps(asdict(recipe)))
    for name, value in now.items():
        if name in CHANGEABLE or value == begun.get(name):
            continue
        is_longer = name == "steps" and value > begun["steps"]
        if is_longer and recipe.algorithm.schedule.name == "constant" and recipe.algorithm.schedule.warmup >= 1:
            continue
        if is_longer and recipe.algorithm.schedule.name == "constant" and recipe.algorithm.schedule.warmup == 0:
            continue
        return name
    return None
