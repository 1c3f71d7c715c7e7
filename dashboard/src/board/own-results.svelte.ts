/**
 * Results that were computed in this browser and belong to no board: kept for this tab, to be laid over the plot of the
 * board of their suite.
 */
import { z } from "zod";
import { scoresOf } from "../../../shared/api/scores.ts";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";

const numberSchema = z.object({ value: z.number(), error: z.number().nullable() });

const ownResultSchema = z.object({
  /** Of the model's file: the same model has one place. */
  sha256: z.string(),
  name: z.string(),
  suite: z.string(),
  /** By column of the board: a measure's id, `task:` and a task's, `parameters`, `step`. */
  numbers: z.record(z.string(), numberSchema),
});

export type OwnResult = z.infer<typeof ownResultSchema>;

const KEY = "plateau-own-results";
const MOST = 20;

class OwnResults {
  #all = $state.raw<readonly OwnResult[]>(kept());

  of(suite: string): readonly OwnResult[] {
    return this.#all.filter((each) => each.suite === suite);
  }

  has(sha256: string, suite: string): boolean {
    return this.of(suite).some((each) => each.sha256 === sha256);
  }

  add(result: OwnResult): void {
    const others = this.#all.filter((each) => each.suite !== result.suite || each.sha256 !== result.sha256);
    this.#keep([...others, result].slice(-MOST));
  }

  remove({ sha256, suite }: Pick<OwnResult, "sha256" | "suite">): void {
    this.#keep(this.#all.filter((each) => each.suite !== suite || each.sha256 !== sha256));
  }

  #keep(all: readonly OwnResult[]): void {
    this.#all = all;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(all));
    } catch {
      // Storage is switched off: they last as long as the page.
    }
  }
}

export const ownResults = new OwnResults();

export function ownResultOf(result: Result, suite: PublishedSuite): OwnResult {
  const { measures, tasks } = scoresOf(result, suite);
  const { file, card, sha256, parameters } = result.checkpoint;
  const scores = [
    ...Object.entries(measures),
    ...Object.entries(tasks).map(([id, cell]) => [`task:${id}`, cell] as const),
  ];
  const numbers: OwnResult["numbers"] = { parameters: { value: parameters, error: null } };
  if (typeof card?.step === "number") numbers["step"] = { value: card.step, error: null };
  for (const [id, cell] of scores) {
    if (cell.value === null) continue;
    const directionError = "directionError" in cell ? cell.directionError : null;
    numbers[id] = { value: cell.value, error: cell.standardError ?? directionError };
  }
  const name = card?.name || file.replace(/\.onnx$/i, "");
  return { sha256, name: name.slice(0, 200), suite: suite.id, numbers };
}

function kept(): readonly OwnResult[] {
  try {
    return z.array(ownResultSchema).parse(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
  } catch {
    return [];
  }
}
