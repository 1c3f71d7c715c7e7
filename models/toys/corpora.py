"""Random token examples in Plateau's corpus format, one corpus per objective."""

import random

from .sizes import VOCABULARY

EXAMPLES = 36
LENGTHS = range(4, 9)
PAD = 0
MASK = 4
# Ids below are kept for padding, beginnings and ends: RoBERTa pads with 1, and a 1 inside would shift its positions.
FIRST_WORD = 5
IGNORED = -100

Example = dict[str, list[int]]


def padded(values: list[int], filler: int) -> list[int]:
    return values + [filler] * (LENGTHS[-1] - len(values))


def example(words: list[int], labels: list[int]) -> Example:
    return {
        "input_ids": padded(words, PAD),
        "labels": padded(labels, IGNORED),
        "attention_mask": padded([1] * len(words), 0),
    }


def corpus(objective: str, seed: int = 1) -> list[Example]:
    """`mlm`: one or two masked words, labelled where they stand. `clm`: labels aligned with the input ids."""
    generator = random.Random(f"{objective} {seed}")
    examples = []
    for _ in range(EXAMPLES):
        words = [generator.randrange(FIRST_WORD, VOCABULARY) for _ in range(generator.choice(LENGTHS))]
        if objective == "clm":
            examples.append(example(words, words))
            continue
        masked = set(generator.sample(range(len(words)), generator.choice([1, 2])))
        inputs = [MASK if place in masked else word for place, word in enumerate(words)]
        labels = [word if place in masked else IGNORED for place, word in enumerate(words)]
        examples.append(example(inputs, labels))
    return examples
