/** Payloads of the pieces of downstream tasks. */
import { z } from "zod";
import { encodeDoubles } from "../evaluate/float-list.ts";
import type { CompareResult, ComparePiece, ExtractPiece, ExtractResult } from "../probes/task-pieces.ts";
import { scoredPositions } from "../probes/zero-shot.ts";
import { sentencePools } from "../probes/sentence-pool.ts";
import type { Suite } from "../suites/suite.ts";
import {
  cutReason,
  doublesSchema,
  expectCount,
  Mismatch,
  readPayload,
  reasonSchema,
  writePayload,
} from "./payload.ts";

const refused = z.strictObject({ reason: reasonSchema });

/** By place of the task. */
const extractSchema = z.strictObject({ refusals: z.record(z.string().regex(/^\d{1,3}$/), reasonSchema) });

export function writeExtracted(id: string, { refusals }: ExtractResult): string {
  return writePayload(id, {
    refusals: Object.fromEntries([...refusals].map(([place, reason]) => [place, cutReason(reason)])),
  });
}

/** @throws PayloadError, as those that follow do. */
export function readExtracted(
  id: string,
  { pool }: ExtractPiece,
  suite: Suite,
  payload: string | undefined,
): ExtractResult {
  const { rowsOf } = sentencePools(suite)[pool]!;
  return readPayload(id, payload, extractSchema, ({ refusals }) => ({
    refusals: new Map(
      Object.entries(refusals).map(([place, reason]) => {
        if (!rowsOf.has(Number(place))) throw new Mismatch(`task ${place} has no sentences there`);
        return [Number(place), reason];
      }),
    ),
  }));
}

const compareSchema = z.union([
  refused,
  z.strictObject({ good: doublesSchema, bad: doublesSchema }),
  /** Of all choices, item by item. */
  z.strictObject({ choices: doublesSchema }),
]);

export function writeCompared(id: string, result: CompareResult): string {
  if ("reason" in result) return writePayload(id, { reason: cutReason(result.reason) });
  if ("pairs" in result) {
    return writePayload(id, {
      good: encodeDoubles(result.pairs.map(({ good }) => good)),
      bad: encodeDoubles(result.pairs.map(({ bad }) => bad)),
    });
  }
  return writePayload(id, { choices: encodeDoubles(result.items.flatMap(({ choices }) => choices)) });
}

export function readCompared(
  id: string,
  { task: place, first, count }: ComparePiece,
  { tasks, definition }: Suite,
  payload: string | undefined,
): CompareResult {
  const task = tasks[place]!;
  return readPayload(id, payload, compareSchema, (shape): CompareResult => {
    if ("reason" in shape) return shape;
    if ("good" in shape && task.kind === "minimal-pairs") {
      expectCount("good sentences", shape.good.length, count);
      expectCount("bad sentences", shape.bad.length, count);
      const tokens = (ids: readonly number[]) =>
        scoredPositions(ids, definition.objective, new Set<number>()).length;
      return {
        pairs: task.pairs.slice(first, first + count).map(({ good, bad }, i) => ({
          good: shape.good[i]!,
          bad: shape.bad[i]!,
          goodTokens: tokens(good),
          badTokens: tokens(bad),
        })),
      };
    }
    if ("choices" in shape && task.kind === "multiple-choice") {
      let next = 0;
      const items = task.items.slice(first, first + count).map(({ choices, answer }) => ({
        choices: shape.choices.slice(next, (next += choices.length)),
        answer,
      }));
      expectCount("choices", shape.choices.length, next);
      return { items };
    }
    throw new Mismatch(`it is not about ${task.kind}`);
  });
}
