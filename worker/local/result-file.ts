/** Reads result files, which may come from strangers. */
import type { z } from "zod";
import { PlateauError } from "../../shared/errors.ts";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { LARGEST_DIRECTIONS } from "./parse-options.ts";
import { readBytes } from "./read-input.ts";

/** The file is no result, or its parts contradict each other. The message names the field. */
export class ResultFileError extends PlateauError {}

const LARGEST = 2 ** 28;

/** The results in a file that holds one, or an array of them. */
export async function readResults(path: string): Promise<Result[]> {
  const bytes = await readBytes(path, "result", "give the .json file in it", LARGEST);
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ResultFileError(
      `${path} is not JSON. Give a file that plateau evaluate wrote with --json or --out.`,
    );
  }
  const several = Array.isArray(record);
  const results = (several ? (record as unknown[]) : [record]).map((item, i) => {
    const parsed = resultSchema.safeParse(item);
    if (!parsed.success) {
      throw new ResultFileError(
        `${path} is not a result that this version reads: ${firstIssue(parsed.error, several ? [i] : [])}.`,
      );
    }
    assertConsistent(parsed.data, path);
    return parsed.data;
  });
  if (results.length === 0) throw new ResultFileError(`${path} holds no result.`);
  return results;
}

function firstIssue({ issues }: z.ZodError, at: readonly PropertyKey[]): string {
  const { path, message } = issues[0]!;
  const where = [...at, ...path].join(".");
  return where === "" ? message : `${where}: ${message}`;
}

/** What is shown and what would be replayed must be the same thing. */
function assertConsistent(
  { checkpoint, corpus, seed, measures, probes = {}, receipt }: Result,
  path: string,
): void {
  const pairs: [string, unknown, unknown][] = [
    ["the model's sha256", checkpoint.sha256, receipt.model.sha256],
    ["the corpus's sha256", corpus.sha256, receipt.corpus.sha256],
    ["the objective", corpus.objective, receipt.corpus.objective],
    ["the seed", seed, receipt.seed],
    ["the measures", Object.keys(measures).sort().join(), [...receipt.measures].sort().join()],
    [
      "the families",
      Object.keys(receipt.epsilon).sort().join(),
      // Where all is exact no direction was drawn, and there is no ε.
      Object.entries(receipt.directions)
        .flatMap(([family, drawn]) => (drawn > 0 ? [family] : []))
        .sort()
        .join(),
    ],
  ];
  for (const [family, drawn] of Object.entries(receipt.directions)) {
    if (drawn > LARGEST_DIRECTIONS) {
      throw new ResultFileError(
        `${path} claims ${drawn} directions an example, but evaluate draws ${LARGEST_DIRECTIONS} at most.`,
      );
    }
    for (const measure of MEASURES.filter((each) => each.family?.id === family)) {
      const result = measures[measure.id];
      if (!result || result.value === null || result.directions === undefined) continue;
      // Asked for one direction, some examples draw a second one.
      if (drawn === 1 && result.directions === 2) continue;
      pairs.push([`the number of directions of ${measure.id}`, result.directions, drawn]);
    }
  }
  for (const [id, { accuracy, ...probe }] of Object.entries(probes)) {
    if (!accuracy || !("correct" in probe)) continue;
    const right = probe.correct.replaceAll("0", "").length / probe.correct.length;
    if (Math.abs(accuracy.value - right) < 1e-9) continue;
    throw new ResultFileError(
      `${path} contradicts itself: the accuracy of ${id} is ${accuracy.value}, but its answers are right in ${right}.`,
    );
  }
  for (const [what, shown, replayed] of pairs) {
    if (shown === replayed) continue;
    throw new ResultFileError(
      `${path} contradicts itself: ${what} is ${String(shown)}, but ${String(replayed)} in its receipt.`,
    );
  }
}
