#!/usr/bin/env python3
"""Takes the text of the real-text suite out of a SWORD module: one line per chapter, one sentence per line of text.

    python models/text/prepare.py SWORD_DIRECTORY

SWORD_DIRECTORY is `usr/share/sword` of the unpacked Debian package `sword-text-web`; README.md says more. Writes
`web.jsonl.gz` beside this file: `{"id": "Genesis 1", "text": "In the beginning, …\n"}` a chapter, in canonical order.
The words are left as they are; markup, footnotes, cross-references and the names of the books are taken out.
"""

import gzip
import json
import re
import sys
from pathlib import Path

from pysword.modules import SwordModules

MODULE = "engWEB2015eb"
OUTPUT = Path(__file__).resolve().parent / "web.jsonl.gz"

# The books that every edition has; the deuterocanonical ones repeat many of their chapters.
DEUTEROCANON = {
    "Tobit",
    "Judith",
    "Esther (Greek)",
    "Wisdom",
    "Sirach",
    "Baruch",
    "Prayer of Azariah",
    "Susanna",
    "Bel and the Dragon",
    "I Maccabees",
    "II Maccabees",
    "I Esdras",
    "Prayer of Manasses",
    "Additional Psalm",
    "III Maccabees",
    "II Esdras",
    "IV Maccabees",
}

# The last verse of a module also holds what the edition prints after it, such as a glossary.
CHAPTER_END = re.compile(r"<chapter eID=.*", re.DOTALL)
NOTE = re.compile(r"<note\b.*?</note>", re.DOTALL)
# A heading, or the end of a stanza, ends a sentence even where no full stop says so.
BREAK = re.compile(r"</title>|<l [^>]*type=\"selah\"[^>]*/>")
TAG = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")
# A full stop, perhaps within quotation marks, before a capital letter, perhaps within quotation marks.
SENTENCE_END = re.compile(r"(?<=[.?!])([”’)\]]*(?: [”’])*) (?=[“‘(\[]*(?: [“‘])*[A-Z])")


def sentences(verses: list[str]) -> list[str]:
    """The sentences of a chapter. A sentence may run over several verses."""
    text = " ".join(CHAPTER_END.sub("", verse) for verse in verses)
    # A footnote may be all that parts two words.
    text = NOTE.sub(" ", SPACE.sub(" ", text))
    text = TAG.sub("", BREAK.sub("\n", text))
    found: list[str] = []
    for passage in text.split("\n"):
        passage = re.sub(r" ([,.;:?!”])", r"\1", SPACE.sub(" ", passage).strip())
        found += [s for s in SENTENCE_END.sub(r"\1\n", passage).split("\n") if s]
    return found


def main() -> None:
    modules = SwordModules(sys.argv[1])
    modules.parse_modules()
    bible = modules.get_bible_from_module(MODULE)
    lines: list[str] = []
    for books in bible.get_structure().get_books().values():
        for book in books:
            if book.name in DEUTEROCANON:
                continue
            for chapter in range(1, book.num_chapters + 1):
                verses = list(bible.get_iter(books=[book.name], chapters=[chapter], clean=False))
                text = "\n".join(sentences(verses)) + "\n"
                lines.append(json.dumps({"id": f"{book.name} {chapter}", "text": text}, ensure_ascii=False))
    data = ("\n".join(lines) + "\n").encode()
    OUTPUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{len(lines)} chapters, {len(data)} bytes, {OUTPUT.stat().st_size} compressed")


if __name__ == "__main__":
    main()
