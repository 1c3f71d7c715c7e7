"""Corpora as padded arrays, parsed from JSONL once and then read from a cache."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import TrainingError
from .language import Language

IGNORED = -100


@dataclass(frozen=True)
class Corpus:
    """`count` sentences of up to T tokens; past its length a row is padding."""

    # [count, T], uint8 or int16.
    ids: np.ndarray
    # [count]
    lengths: np.ndarray
    # [count, T], −100 where nothing is predicted; None where the file gives no labels.
    labels: np.ndarray | None
    # [count], the classes of a downstream task; None elsewhere.
    classes: np.ndarray | None

    def __len__(self) -> int:
        return len(self.ids)


def load_corpus(path: Path, language: Language, cache: Path) -> Corpus:
    """The corpus in `path`; its arrays are kept in the folder `cache` until the file changes."""
    try:
        status = path.stat()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}).") from error
    identity = f"{path.resolve()} {status.st_size} {status.st_mtime_ns} {language.vocabulary} {language.maximum_length}"
    stored = cache / f"{path.stem}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    if not stored.is_dir():
        _store(_parse(path, language), stored)
    parts = {
        part: np.load(stored / f"{part}.npy") if (stored / f"{part}.npy").exists() else None
        for part in ("ids", "lengths", "labels", "classes")
    }
    return Corpus(**parts)  # type: ignore[arg-type]


def _store(corpus: Corpus, folder: Path) -> None:
    # Several runs may parse the same file at once: each writes its own folder, the last one to finish stays.
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True, exist_ok=True)
    for name, array in vars(corpus).items():
        if array is not None:
            np.save(draft / f"{name}.npy", array)
    try:
        draft.rename(folder)
    except OSError:
        for file in draft.iterdir():
            file.unlink()
        draft.rmdir()


def _parse(path: Path, language: Language) -> Corpus:
    longest, vocabulary = language.maximum_length, language.vocabulary
    kind = np.uint8 if vocabulary <= 256 else np.int16 if vocabulary <= 32768 else np.int32
    flat: list[int] = []
    lengths: list[int] = []
    labels: list[list[int]] = []
    classes: list[int] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                example = json.loads(line)
                ids = example["input_ids"]
                attention = example.get("attention_mask")
                length = sum(attention) if attention else len(ids)
                while length and ids[length - 1] == language.pad:
                    length -= 1
                if not 0 < length <= longest:
                    raise ValueError(f"{length} tokens where 1 to {longest} are allowed")
                flat.extend(ids[:length])
                lengths.append(length)
                if "labels" in example:
                    labels.append(example["labels"][:length])
                if "label" in example:
                    classes.append(example["label"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise TrainingError(f"{path}:{number} is not an example ({error}): {line[:120].rstrip()}") from error
    if not lengths:
        raise TrainingError(f"{path} holds no examples.")
    if len(labels) not in (0, len(lengths)) or len(classes) not in (0, len(lengths)):
        raise TrainingError(f"{path} gives labels on some lines and none on others.")
    tokens = np.array(flat, np.int64)
    if tokens.min() < 0 or tokens.max() >= vocabulary:
        raise TrainingError(f"{path} holds ids from {tokens.min()} to {tokens.max()}; the vocabulary has {vocabulary}.")
    sizes = np.array(lengths, np.int64)
    within = np.arange(longest) < sizes[:, None]
    padded = np.full((len(sizes), longest), language.pad, kind)
    padded[within] = tokens
    wanted = None
    if labels:
        wanted = np.full((len(sizes), longest), IGNORED, np.int32)
        try:
            wanted[within] = np.concatenate([np.asarray(row, np.int64) for row in labels])
        except ValueError as error:
            raise TrainingError(f"{path} has lines whose labels are fewer than their input_ids.") from error
        if (wanted != IGNORED).sum() == 0 or wanted.max() >= vocabulary or (wanted[wanted < 0] != IGNORED).any():
            raise TrainingError(f"{path}: labels must be ids below {vocabulary}, or −100; at least one must be an id.")
    return Corpus(padded, sizes.astype(np.int32), wanted, np.array(classes, np.int64) if classes else None)


def load_conditionals(path: Path, count: int, vocabulary: int) -> np.ndarray:
    """[count, vocabulary] probabilities, mapped rather than read."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be read ({error.strerror}); it must hold the exact conditionals."
        ) from error
    if size != count * vocabulary * 4:
        raise TrainingError(
            f"{path} has {size} bytes; {count} rows of {vocabulary} float32 are {count * vocabulary * 4}."
        )
    return np.memmap(path, "<f4", "r", shape=(count, vocabulary))
