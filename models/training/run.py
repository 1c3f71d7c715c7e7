"""One run: from its recipe, or from where it stopped, to its last checkpoint."""

import json
import math
import signal
import time
from dataclasses import asdict
from types import FrameType

import torch
from torch import nn

from . import state
from .algorithms import Adversary, make_adversary, make_loss, make_optimiser
from .errors import TrainingError
from .evaluation import Evaluator
from .model import Shape, Transformer
from .place import Place
from .publishing import publish_step, published
from .recipes import Recipe, changed

SAVE_SECONDS = 60.0
REPORT_SECONDS = 30.0


class Stopped(Exception):
    """Somebody asked the process to end; the state is saved."""


class Run:
    def __init__(self, recipe: Recipe, place: Place) -> None:
        self.recipe = recipe
        self.place = place
        self.folder = place.work / recipe.run
        torch.manual_seed(recipe.seed)
        language = place.language
        self.shape = Shape(
            vocabulary=language.vocabulary,
            positions=language.maximum_length,
            width=recipe.width,
            layers=recipe.layers,
            heads=recipe.heads,
            inner=recipe.inner,
            causal=language.objective == "clm",
        )
        self.model = Transformer(self.shape)
        self.step, self.tokens = recipe.first, 0
        if recipe.start:
            self.continue_other(recipe.start.run, recipe.start.step)
        self.model.to(place.device)
        self.optimiser = make_optimiser(self.model, recipe.algorithm)
        self.adversary: Adversary | None = make_adversary(recipe, self.model, language, place.cache)
        self.evaluate = Evaluator(language, place.cache, place.device)
        self.restore()
        self.stopping = False

    def continue_other(self, run: str, step: int) -> None:
        path = state.weights_path(self.place.work, run, step)
        if not path.exists():
            raise TrainingError(f"{self.recipe.run} starts from {path}, which is not there: train {run} first.")
        weights = state.load(path)
        self.model.load_state_dict(weights["model"])
        self.tokens = weights["tokens"]

    def restore(self) -> None:
        path = self.folder / "state.pt"
        if not path.exists():
            return
        saved = state.load(path)
        field = changed(self.recipe, json.loads(saved["recipe"]))
        if field:
            raise TrainingError(
                f"The recipe of {self.recipe.run} has changed in {field} since the run began: "
                f"give it another name, or delete {self.folder} to begin anew."
            )
        self.step, self.tokens = saved["step"], saved["tokens"]
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        if self.adversary:
            self.adversary.restore(saved["adversary"])
        torch.set_rng_state(saved["random"])

    def save(self) -> None:
        value = {
            "recipe": json.dumps(asdict(self.recipe)),
            "step": self.step,
            "tokens": self.tokens,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "adversary": self.adversary.state() if self.adversary else None,
            "random": torch.get_rng_state(),
        }
        state.save(value, self.folder / "state.pt")

    def train(self) -> None:
        """All steps that are left. Raises Stopped after SIGTERM or SIGINT."""
        handlers = {number: signal.signal(number, self.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.loop()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def loop(self) -> None:
        recipe, place = self.recipe, self.place
        algorithm, first, steps = recipe.algorithm, recipe.first, recipe.steps
        loss_at = make_loss(recipe, self.model, place.language, place.cache, self.adversary)
        parameters = list(self.model.parameters())
        # Seconds spent on steps since the process began, without exports and evaluations.
        spent, begun_at = 0.0, self.step
        if self.step > first:
            self.say(f"goes on at step {self.step}")
        self.checkpoint()
        recent: list[float] = []
        resumed = saved = reported = time.monotonic()
        while self.step < steps:
            rate = algorithm.learningRate * algorithm.schedule.factor(self.step - first, steps - first)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            loss, tokens = loss_at(self.step)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if algorithm.clip is not None:
                nn.utils.clip_grad_norm_(parameters, algorithm.clip, foreach=True)
            self.optimiser.step()
            self.step += 1
            self.tokens += tokens
            # Asking for the number at every step would make a GPU wait.
            if self.step % 16 == 0:
                recent.append(float(loss.detach()))
                if not math.isfinite(recent[-1]):
                    raise TrainingError(f"{recipe.run}: the loss is {recent[-1]} at step {self.step}.")
            now = time.monotonic()
            if self.step in recipe.checkpoints:
                spent += now - resumed
                self.checkpoint()
                resumed = now = time.monotonic()
            if now - saved > SAVE_SECONDS or self.stopping:
                self.save()
                saved = now
            if self.stopping:
                raise Stopped
            if now - reported > REPORT_SECONDS:
                spent += now - resumed
                self.report(recent, rate, (self.step - begun_at) / spent)
                recent, reported = [], now
                resumed = time.monotonic()
        self.save()
        self.say("done")

    def report(self, recent: list[float], rate: float, speed: float) -> None:
        result = self.evaluate(self.model)
        trained = f"training {sum(recent) / len(recent):.4f}  " if recent else ""
        excess = "" if result.excess is None else f"excess {result.excess:.4f}  "
        left = (self.recipe.steps - self.step) / speed
        self.say(
            f"step {self.step}/{self.recipe.steps}  {trained}loss {result.loss:.4f}  {excess}rate {rate:.2e}  "
            f"{speed * self.recipe.batch:.0f} sentences/s  {duration(left)} left"
        )

    def checkpoint(self) -> None:
        """Keeps and exports the weights if the recipe lists this step, unless that is done."""
        recipe, step = self.recipe, self.step
        if step not in recipe.checkpoints:
            return
        path = state.weights_path(self.place.work, recipe.run, step)
        if not path.exists():
            result = self.evaluate(self.model)
            weights = {
                "shape": asdict(self.shape),
                "model": {name: value.detach().cpu() for name, value in self.model.state_dict().items()},
                "step": step,
                "tokens": self.tokens,
                "loss": result.loss,
                "excess": result.excess,
            }
            state.save(weights, path)
            self.save()
        if not published(self.place.output, recipe.name(step)):
            publish_step(recipe, self.place, step)

    def say(self, text: str) -> None:
        print(f"{self.recipe.run}: {text}", flush=True)


def train_run(recipe: Recipe, place: Place) -> None:
    with state.locked(place.work / recipe.run):
        # Weights that were kept are exported first, should an export have failed or been deleted.
        kept = [step for step in recipe.checkpoints if state.weights_path(place.work, recipe.run, step).exists()]
        for step in kept:
            if not published(place.output, recipe.name(step)):
                publish_step(recipe, place, step)
        run = Run(recipe, place)
        passed = [step for step in recipe.checkpoints if step < run.step and step not in kept]
        if passed:
            run.say(f"step {passed[0]} is past and was not kept; delete {run.folder} to train the run anew")
        run.train()


def duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def prepare(threads: int) -> None:
    """Settings under which small models train fast on a CPU."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
