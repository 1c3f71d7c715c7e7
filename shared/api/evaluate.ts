/** Evaluation over HTTP: a model in, numbers out, and nothing kept. */
import { z } from "zod";
import { resultSchema } from "../evaluate/result-schema.ts";
import { MEASURES } from "../measures/index.ts";
import { STAGES } from "../shards/shard.ts";
import { suiteNameSchema } from "./names.ts";
import { problemSchema } from "./problem.ts";

/** Bytes of a request's body: a model that an edge worker can evaluate, with its corpus. */
export const LARGEST_EVALUATED = 25_000_000;
/** Bytes of a corpus, which takes several times as many in memory. */
export const LARGEST_CORPUS = 4_000_000;
/** Drawn by each example of a corpus that says nothing else. */
export const DEFAULT_DIRECTIONS = 8;
const MOST_DIRECTIONS = 256;

export const evaluateQuerySchema = z.strictObject({
  /** A bare name means the latest version. */
  suite: suiteNameSchema.optional(),
});

const measureIds = MEASURES.map(({ id }) => id);

/** Fields beside `model` and `corpus` of a form. They go with a corpus: a suite fixes them. */
export const evaluateFieldsSchema = z.strictObject({
  objective: z.enum(["mlm", "clm"]),
  /** Ids, with commas between. */
  measures: z
    .string()
    .max(1000)
    .transform((text) => text.split(",").map((id) => id.trim()))
    .pipe(z.array(z.enum(measureIds as [string, ...string[]])).min(1))
    .optional(),
  directions: z
    .string()
    .regex(/^\d{1,6}$/, "expected a whole number")
    .transform(Number)
    .pipe(z.number().int().min(1).max(MOST_DIRECTIONS))
    .default(DEFAULT_DIRECTIONS),
});

/** Lines of the answer: progress, then one of the other two. */
export const evaluateLineSchema = z.union([
  z.object({
    progress: z.object({
      stage: z.enum(STAGES),
      /** Of this stage, as far as its work is known: from 0 to 1. */
      share: z.number().min(0).max(1),
    }),
  }),
  z.object({ result: resultSchema }),
  z.object({ problem: problemSchema }),
]);

export type EvaluateFields = z.infer<typeof evaluateFieldsSchema>;
export type EvaluateLine = z.infer<typeof evaluateLineSchema>;
