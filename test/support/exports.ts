/** The reference exports of `test/exports/`, prepared as evaluations prepare them. */
import { readFileSync } from "node:fs";
import type { Corpus } from "../../shared/corpus/corpus.ts";
import { parseCorpus } from "../../shared/corpus/parse.ts";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import { prepareSubject, type Subject } from "../../shared/perturb/subject.ts";
import type { Runtime } from "../../shared/runtime.ts";

export interface Export {
  readonly file: string;
  readonly objective: "mlm" | "clm";
  readonly onlyBatch: number | null;
  readonly onlySequence: number | null;
}

const folder = new URL("../exports/", import.meta.url);

export const EXPORTS = JSON.parse(readFileSync(new URL("index.json", folder), "utf8")) as readonly Export[];

export function exportNamed(file: string): Export {
  return EXPORTS.find((candidate) => candidate.file === file)!;
}

/** The corpus's examples that the export can run. */
export function corpusOf({ objective, onlySequence }: Export): Corpus {
  const corpus = parseCorpus(readFileSync(new URL(`${objective}.jsonl`, folder), "utf8"), objective);
  const fits = corpus.examples.filter(
    ({ inputIds }) => onlySequence === null || inputIds.length === onlySequence,
  );
  return { ...corpus, examples: fits };
}

/** Its sentences without padding; of the one length that the export can run, where there is only one. */
export function sentencesOf(exported: Export): number[][] {
  return corpusOf(exported).examples.map(({ inputIds, attentionMask }) =>
    inputIds.filter((_, t) => exported.onlySequence !== null || attentionMask?.[t] !== 0),
  );
}

export async function subjectOf(exported: Export, runtime: Runtime): Promise<Subject> {
  const bytes = readFileSync(new URL(exported.file, folder));
  const original = await readModel({ ...bytesSource(bytes), contents: bytes });
  return prepareSubject(original, runtime, corpusOf(exported));
}
