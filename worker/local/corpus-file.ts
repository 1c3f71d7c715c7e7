/** A corpus on disk. */
import { createHash } from "node:crypto";
import type { Corpus, Objective } from "../../shared/corpus/corpus.ts";
import { CorpusError, parseCorpus } from "../../shared/corpus/parse.ts";
import type { FileIdentity } from "./model-file.ts";
import { readBytes } from "./read-input.ts";

export interface CorpusFile {
  readonly corpus: Corpus;
  readonly identity: FileIdentity;
}

/** The longest text that JavaScript can hold. */
const LARGEST_CORPUS = 2 ** 29 - 24;

/** Throws UsageError where there is no such file, CorpusError where it is no corpus. */
export async function readCorpus(path: string, objective: Objective): Promise<CorpusFile> {
  const bytes = await readBytes(path, "corpus", "give the .jsonl file in it", LARGEST_CORPUS);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CorpusError(
      `${path} is not text in UTF-8. A corpus holds one JSON object a line, with input_ids and labels.`,
    );
  }
  return {
    corpus: parseCorpus(text, objective, path),
    identity: {
      file: path,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      bytes: bytes.byteLength,
    },
  };
}
