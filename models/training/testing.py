"""A small language for the tests: words follow one another by fixed chances, so exact conditionals are known."""

import json
from pathlib import Path

import numpy as np

from .language import Language, load_language
from .recipes import Recipe, parse_recipe

WORDS, FIRST, SHORTEST, LONGEST = 10, 2, 3, 9


def make_language(folder: Path, objective: str = "mlm", sentences: int = 2000) -> Language:
    random = np.random.default_rng(1)
    following = random.dirichlet(np.full(WORDS, 0.3), WORDS) * 0.96 + 0.04 / WORDS

    def sentence() -> list[int]:
        words = [int(random.integers(WORDS))]
        while len(words) < random.integers(SHORTEST, LONGEST + 1):
            words.append(int(random.choice(WORDS, p=following[words[-1]])))
        return words

    def masked(words: list[int]) -> tuple[dict[str, list[int]], np.ndarray]:
        place = int(random.integers(len(words)))
        ids = [FIRST + word for word in words]
        labels = [-100] * len(ids)
        labels[place], ids[place] = ids[place], 1
        chances = np.zeros(FIRST + WORDS, np.float32)
        before = following[words[place - 1]] if place else np.full(WORDS, 1 / WORDS)
        after = following[:, words[place + 1]] if place + 1 < len(words) else np.ones(WORDS)
        chances[FIRST:] = before * after / (before * after).sum()
        return {"input_ids": ids, "labels": labels}, chances

    def write(name: str, lines: list[dict[str, object]]) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    whole = [sentence() for _ in range(sentences)]
    write("train.jsonl", [{"input_ids": [FIRST + word for word in words]} for words in whole])
    write("tasks/first.jsonl", [{"input_ids": [FIRST + w for w in words], "label": words[0] % 3} for words in whole])
    for name in ("evaluation", "exact"):
        if objective == "clm":
            ids = [[FIRST + word for word in sentence()] for _ in range(200)]
            write(f"{name}.jsonl", [{"input_ids": one, "labels": one} for one in ids])
            continue
        examples = [masked(sentence()) for _ in range(200)]
        write(f"{name}.jsonl", [dict(line) for line, _ in examples])
        np.stack([chances for _, chances in examples]).astype("<f4").tofile(folder / f"{name}.f32")
    description = {"vocabulary": FIRST + WORDS, "pad": 0, "mask": 1, "maximumLength": LONGEST, "objective": objective}
    (folder / "language.json").write_text(json.dumps(description | {"optimalLoss": None}))
    return load_language(folder)


def make_recipe(**fields: object) -> Recipe:
    values: dict[str, object] = {
        "run": "run",
        "family": "family",
        "suite": "test",
        "width": 16,
        "layers": 2,
        "heads": 2,
        "inner": 24,
        "seed": 1,
        "batch": 32,
        "steps": 40,
    }
    return parse_recipe(values | fields, "test")
