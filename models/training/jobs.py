"""Runs in order, some at a time, each in a process of its own."""

import multiprocessing
import multiprocessing.connection
import signal
import sys
import traceback
from multiprocessing.context import SpawnProcess

from .errors import TrainingError
from .place import Place
from .publishing import finished
from .recipes import Recipe
from .run import Stopped, prepare, train_run
from .state import weights_path


def train_one(recipe: Recipe, place: Place, threads: int) -> None:
    """What a process does; its exit code is 0 when the run is done."""
    prepare(threads)
    try:
        train_run(recipe, place)
    except Stopped:
        print(f"{recipe.run}: stopped; the same command goes on from here", flush=True)
        sys.exit(130)
    except TrainingError as error:
        print(f"zoo.py: {recipe.run}: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def ready(recipe: Recipe, place: Place) -> bool:
    return recipe.start is None or weights_path(place.work, recipe.start.run, recipe.start.step).exists()


def to_train(recipes: list[Recipe], place: Place) -> list[Recipe]:
    """What is not exported yet, and what that starts from if its weights are gone."""
    needed: set[str] = set()
    for recipe in reversed(recipes):
        if not finished(recipe, place.output) or recipe.run in needed:
            needed.add(recipe.run)
            if recipe.start and not ready(recipe, place):
                needed.add(recipe.start.run)
    return [recipe for recipe in recipes if recipe.run in needed]


def train_all(recipes: list[Recipe], place: Place, threads: int, jobs: int) -> bool:
    """Trains what is not done; a run waits for the step it starts from. True if every run is done."""
    waiting = to_train(recipes, place)
    for recipe in recipes:
        if recipe not in waiting:
            print(f"{recipe.run}: already done", flush=True)
    context = multiprocessing.get_context("spawn")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running: dict[str, SpawnProcess] = {}
    failed = False
    stopped = False
    try:
        while running or (waiting and not stopped):
            for recipe in list(waiting):
                if stopped or len(running) >= jobs:
                    break
                if not ready(recipe, place):
                    continue
                waiting.remove(recipe)
                # Not daemonic: the exporter may want processes of its own.
                process = context.Process(target=train_one, args=(recipe, place, threads), name=recipe.run)
                process.start()
                running[recipe.run] = process
            if not running:
                break
            multiprocessing.connection.wait([process.sentinel for process in running.values()])
            for run, process in list(running.items()):
                if process.exitcode is None:
                    continue
                process.join()
                del running[run]
                stopped = stopped or process.exitcode == 130
                failed = failed or process.exitcode != 0
    except KeyboardInterrupt:
        # The children save their states. Ctrl-C has reached them too; a second request changes nothing.
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.join()
        return False
    for recipe in waiting:
        if not stopped and recipe.start:
            print(
                f"zoo.py: {recipe.run} needs step {recipe.start.step} of {recipe.start.run}, which is not there.",
                file=sys.stderr,
            )
    return not failed and not waiting
