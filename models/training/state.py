"""What a run leaves in its work folder: a state to go on from, and the weights of its checkpoints.

    WORK/RUN/state.pt       everything that the next step depends on
    WORK/RUN/step-N.pt      weights at a checkpoint, with the shape of the model and the tokens it had seen
    WORK/RUN/lock           held by the process that trains the run

Every file is replaced as a whole.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from .errors import TrainingError


def save(value: Any, path: Path) -> None:
    """Writes beside `path` and then replaces it, so that a crash leaves the old file or the new one."""
    draft = path.with_name(path.name + ".tmp")
    with draft.open("wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path) -> Any:
    if not path.exists():
        raise TrainingError(f"{path} does not exist.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise TrainingError(f"{path} is not a state that training saved ({error}); delete it to begin anew.") from error


def weights_path(work: Path, run: str, step: int) -> Path:
    return work / run / f"step-{step}.pt"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a second process from training the same run."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(f"{folder} is being trained by another process.") from error
        yield
