/** A result that was computed in this browser, as far as it is laid over a board: the numbers of its row. */
import { z } from "zod";
import { scoresOf } from "../../../shared/api/scores.ts";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import { countText, dateText, UNDEFINED } from "./cell-text.ts";
import type { Column } from "./column.ts";

const numberSchema = z.object({ value: z.number(), error: z.number().nullable() });

const ownResultSchema = z.object({
  /** Of the model's file: the same model has one place on a board. */
  sha256: z.string(),
  name: z.string(),
  run: z.string().nullable(),
  family: z.string().nullable(),
  suite: z.string(),
  /** Of the suite's file: a board that was set up anew may have another one of the same name. */
  suiteSha256: z.string(),
  /** When it was computed, milliseconds. */
  at: z.number(),
  /** By column of the board: a measure's id, `task:` and a task's, `parameters`, `step`. Undefined ones are absent. */
  numbers: z.record(z.string(), numberSchema),
});

export type OwnResult = z.infer<typeof ownResultSchema>;
export type OwnKey = Pick<OwnResult, "sha256" | "suite">;

/** More are too many to lay over anything: the oldest go. */
export const MOST_OWN = 20;
const LONGEST_NAME = 200;

/** @param at milliseconds. */
export function ownResultOf(result: Result, suite: PublishedSuite, at: number): OwnResult {
  const { measures, tasks } = scoresOf(result, suite);
  const { file, card, sha256, parameters } = result.checkpoint;
  const numbers: OwnResult["numbers"] = { parameters: { value: parameters, error: null } };
  if (typeof card?.step === "number") numbers["step"] = { value: card.step, error: null };
  for (const [id, cell] of Object.entries(measures)) {
    if (cell.value === null) continue;
    numbers[id] = { value: cell.value, error: cell.standardError ?? cell.directionError };
  }
  for (const [id, cell] of Object.entries(tasks)) {
    if (cell.value !== null) numbers[`task:${id}`] = { value: cell.value, error: cell.standardError };
  }
  const label = (text: unknown) =>
    typeof text === "string" && text !== "" ? text.slice(0, LONGEST_NAME) : null;
  return {
    sha256,
    name: label(card?.name) ?? file.replace(/\.onnx$/i, "").slice(0, LONGEST_NAME),
    run: label(card?.run),
    family: label(card?.family),
    suite: suite.id,
    suiteSha256: suite.sha256,
    at,
    numbers,
  };
}

/** NaN where there is none. */
export function ownNumber(
  { numbers }: OwnResult,
  { id }: Pick<Column, "id">,
): { value: number; error: number } {
  const found = Object.hasOwn(numbers, id) ? numbers[id] : undefined;
  return { value: found?.value ?? NaN, error: found?.error ?? NaN };
}

/** The cell of a column that is no score, in words. */
export function ownText(own: OwnResult, column: Column): string {
  if (column.id === "added") return dateText(own.at);
  if (column.id === "origin") return "this browser";
  if (column.id === "run" || column.id === "family") return own[column.id] ?? UNDEFINED;
  if (column.id === "name") return own.name;
  const { value } = ownNumber(own, column);
  return Number.isNaN(value) || column.kind !== "count" ? UNDEFINED : countText(column, value);
}

/** What was kept; entries that are nothing of the kind are left out. */
export function readOwnResults(kept: string | null): readonly OwnResult[] {
  if (kept === null) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(kept);
  } catch {
    return [];
  }
  if (!Array.isArray(entries)) return [];
  return entries
    .flatMap((entry) => {
      const parsed = ownResultSchema.safeParse(entry);
      return parsed.success ? [parsed.data] : [];
    })
    .slice(-MOST_OWN);
}

const same = (a: OwnKey, b: OwnKey) => a.sha256 === b.sha256 && a.suite === b.suite;

/** With this one in the place of an earlier one of the same model. */
export const withOwn = (all: readonly OwnResult[], own: OwnResult): readonly OwnResult[] =>
  [...withoutOwn(all, own), own].slice(-MOST_OWN);

export const withoutOwn = (all: readonly OwnResult[], own: OwnKey): readonly OwnResult[] =>
  all.filter((each) => !same(each, own));
