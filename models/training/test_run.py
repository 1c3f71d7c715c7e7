"""A run that is interrupted ends as one that was not, for every algorithm."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import onnxruntime
import torch

from . import state
from .errors import TrainingError
from .evaluation import Evaluator
from .place import Place
from .recipes import Recipe
from .run import Run, Stopped, prepare, train_run
from .testing import make_language, make_recipe


def interrupt(run: Run, at: int) -> None:
    """As if the process were told to end while it takes its step number `at`."""

    def stop(*_: object) -> None:
        if run.step + 1 == at:
            run.stopping = True

    run.optimiser.register_step_post_hook(stop)


class Training(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.language = make_language(self.folder / "data")
        prepare(threads=1)
        quiet = contextlib.redirect_stdout(io.StringIO())
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)

    def place(self, name: str) -> Place:
        return Place(self.language, self.folder / name, self.folder / name / "out", torch.device("cpu"))

    def weights(self, recipe: Recipe, place: Place) -> dict[str, torch.Tensor]:
        return state.load(state.weights_path(place.work, recipe.run, recipe.steps))

    def test_interrupted_runs_end_the_same(self) -> None:
        for algorithm in (
            {"name": "adamw", "learningRate": 3e-3},
            {"name": "sgd", "learningRate": 0.1},
            {"name": "adversarial", "task": "first", "adversarialWeight": 0.5, "headSteps": 2},
            {"name": "exact-conditional"},
        ):
            with self.subTest(algorithm["name"]):
                recipe = make_recipe(run=algorithm["name"], algorithm=algorithm)
                straight, stopped = self.place("straight"), self.place("stopped")
                train_run(recipe, straight)
                for at in (7, 29):
                    with state.locked(stopped.work / recipe.run):
                        run = Run(recipe, stopped)
                        interrupt(run, at)
                        with self.assertRaises(Stopped):
                            run.train()
                        assert run.step == at
                train_run(recipe, stopped)
                one, other = self.weights(recipe, straight), self.weights(recipe, stopped)
                assert one["tokens"] == other["tokens"] and one["loss"] == other["loss"]
                for name, value in one["model"].items():
                    assert torch.equal(value, other["model"][name]), name

    def test_the_loss_falls_and_the_export_gives_it(self) -> None:
        recipe = make_recipe(steps=300, checkpoints=[0, 300], algorithm={"learningRate": 5e-3})
        place = self.place("work")
        train_run(recipe, place)
        first, last = (
            json.loads((place.output / f"run-step-{step}.card.json").read_text()) for step in recipe.checkpoints
        )
        assert last["trainerExcessLoss"] < 0.5 * first["trainerExcessLoss"], (first, last)
        assert last["tokens"] > 0 and first["tokens"] == 0
        session = onnxruntime.InferenceSession(str(place.output / "run-step-300.onnx"))
        total = 0.0
        lines = (self.folder / "data" / "evaluation.jsonl").read_text().splitlines()
        for example in map(json.loads, lines):
            ids = [example["input_ids"]]
            logits = session.run(["logits"], {"input_ids": ids, "attention_mask": [[1] * len(ids[0])]})[0]
            logs = torch.from_numpy(logits[0]).log_softmax(-1)
            total -= sum(float(logs[place, label]) for place, label in enumerate(example["labels"]) if label >= 0)
        assert abs(total / len(lines) - last["trainerLoss"]) < 1e-4

    def test_excess_loss_is_a_divergence(self) -> None:
        place = self.place("work")
        recipe = make_recipe()
        model = Run(recipe, place).model
        exact = Evaluator(self.language, place.cache, place.device)(model)
        assert exact.excess is not None and exact.excess > 0
        (self.language.folder / "evaluation.f32").unlink()
        plain = Evaluator(self.language, place.cache, place.device)(model)
        assert plain.loss == exact.loss and plain.excess is None

    def test_going_on_from_another_run(self) -> None:
        place = self.place("work")
        first = make_recipe(run="first", steps=10)
        start = {"run": "first", "step": 10}
        algorithm = {"name": "sgd", "learningRate": 1e-12, "schedule": "constant", "weightDecay": 0}
        second = make_recipe(run="second", start=start, steps=15, algorithm=algorithm)
        with self.assertRaisesRegex(TrainingError, "train first first"):
            train_run(second, place)
        train_run(first, place)
        train_run(second, place)
        before, after = self.weights(first, place), self.weights(second, place)
        assert after["step"] == 15 and after["tokens"] > before["tokens"]
        # At such a rate nothing moves, so these are the weights that it began with.
        for name, value in before["model"].items():
            torch.testing.assert_close(value, after["model"][name])

    def test_a_changed_recipe_is_refused(self) -> None:
        place = self.place("work")
        train_run(make_recipe(steps=5), place)
        with self.assertRaisesRegex(TrainingError, "changed in width"):
            Run(make_recipe(steps=5, width=32), place)
        with self.assertRaisesRegex(TrainingError, "changed in steps"):
            Run(make_recipe(steps=6), place)


if __name__ == "__main__":
    unittest.main()
