#!/usr/bin/env python3
"""Trains the tokenizer of the real-text suite: byte-level BPE on web.jsonl.gz.

    python models/text/train_tokenizer.py

Curly quotation marks become straight ones first, so that `'s` and `n't` are cut as in GPT-2's tokenizer. Writes
tokenizer.json and, for the tests, what the tokenizer makes of some lines (tokenizer.reference.json), to
shared/suites/text/.
"""

import gzip
import json
from pathlib import Path

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).resolve().parent
OUTPUT = FOLDER.parents[1] / "shared" / "suites" / "text"
VOCABULARY = 2048
PAD, START, MASK = "<pad>", "<s>", "<mask>"

# Every so many lines of the text are kept with their ids, and these, which are unlike it.
EVERY = 150
UNLIKE = [
    "",
    " ",
    "  two  spaces,\ta tab\n\nand lines \r\n",
    "1234567890 3.14 10,000 ½ ² Ⅷ",
    "It’s ‘isn’t’ “we’ll” they'd I'm DON'T",
    "naïve café e\u0301 ÅÅ ß ŒUVRE Ωμέγα Привет 你好 こんにちは שלום مرحبا",
    "🙂👩‍👩‍👧‍👦🇳🇱 \u200b\u00a0\ufeff",
    "<s>not the start<mask> <pad>[MASK]",
    "snake_case camelCase http://example.org/a?b=c#d {\"json\": [1, 2]}",
    "a" * 300,
]


def main() -> None:
    with gzip.open(FOLDER / "web.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex("[“”]"), '"'), normalizers.Replace(Regex("[‘’]"), "'")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, MASK],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, tokenizer.token_to_id(START))]
    )
    tokenizer.save(str(OUTPUT / "tokenizer.json"), pretty=False)
    lines = [line for text in texts for line in text.splitlines(keepends=True)]
    lines = [*lines[::EVERY], *UNLIKE]
    encoded = tokenizer.encode_batch(lines, add_special_tokens=False)
    reference = {
        "tokenizers": tokenizers.__version__,
        "lines": [{"text": line, "ids": encoding.ids} for line, encoding in zip(lines, encoded, strict=True)],
    }
    (OUTPUT / "tokenizer.reference.json").write_text(json.dumps(reference, ensure_ascii=False) + "\n")
    tokens = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False))
    print(f"{tokenizer.get_vocab_size()} tokens; the text has {tokens}")


if __name__ == "__main__":
    main()
