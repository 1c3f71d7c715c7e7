/** Evaluations: a checkpoint with a suite, from the request to the row on the board. */
import { z } from "zod";
import { resultSchema } from "../evaluate/result-schema.ts";
import { STAGES } from "../shards/shard.ts";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema, suiteNameSchema } from "./names.ts";

const count = z.number().int().nonnegative();

/** 80 random bits in base32. */
export const evaluationIdSchema = z
  .string()
  .regex(/^[a-z2-7]{16}$/, "expected an evaluation's id: 16 letters and digits");

/** `queued`: nothing was begun yet. A failed one can be tried again. */
export const STATES = ["queued", "running", "finished", "failed"] as const;
export const evaluationStateSchema = z.enum(STATES);

/** `finishing`: all is computed, and the result is put together. */
export const stageSchema = z.enum([...STAGES, "finishing"]);

/** What runs the shards of an evaluation: the board's own compute worker, or machines that people lend. */
export const WORKERS = ["edge", "lent"] as const;
export const workersSchema = z.enum(WORKERS);

/** A bare suite name means its latest version. */
export const newEvaluationSchema = z.strictObject({
  checkpoint: checkpointIdSchema,
  suite: suiteNameSchema,
  /** The edge if absent, and lent workers for models that are too big for it. */
  workers: workersSchema.optional(),
});

const evaluation = z.object({
  id: evaluationIdSchema,
  checkpoint: checkpointIdSchema,
  suite: suiteIdSchema,
  state: evaluationStateSchema,
  /** What it is doing, or did when it failed; null before it begins. */
  stage: stageSchema.nullable(),
  /** Why it failed, and what to do; null otherwise. */
  reason: z.string().nullable(),
  /** What runs its shards. */
  device: workersSchema,
  /** 1, and one more for every retry. */
  attempt: z.number().int().positive(),
  progress: z.object({
    /**
     * How much is done, from 0 to 1; it never falls, unless what a lent worker did is done anew. Counted in floating-point operations, but what comes next follows from
     * what came out so far, and how much that will be is a guess.
     */
    share: z.number().min(0).max(1),
    /** `total`: as far as is known. */
    shards: z.object({ done: count, total: count }),
  }),
  createdAt: dateSchema,
  startedAt: dateSchema.nullable(),
  /** When it finished or failed. */
  endedAt: dateSchema.nullable(),
  /** That shards took, from claim to result, added up. */
  shardSeconds: z.number().nonnegative(),
  /** Of the whole result, at `checkpoints/ID/results/SUITE`, with `?sha256=` once newer ones have taken its place. */
  resultSha256: sha256Schema.nullable(),
});

/** How it is listed. */
export const evaluationSummarySchema = evaluation;

export const evaluationSchema = evaluation.extend({
  seed: count,
  /** What a replay needs; null until it is finished. */
  receipt: resultSchema.shape.receipt.nullable(),
});

export const evaluationListQuerySchema = z.strictObject({
  suite: suiteNameSchema.optional(),
  checkpoint: checkpointIdSchema.optional(),
  state: evaluationStateSchema.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** From `next` of the page before. */
  cursor: z.string().max(100).optional(),
});

export const evaluationListSchema = z.object({
  /** The newest first. */
  evaluations: z.array(evaluationSummarySchema),
  /** Cursor of the next page; null on the last. */
  next: z.string().nullable(),
});

/** Data of a server-sent event `progress`; the last one of a stream of an evaluation that ended is `end`. */
export const evaluationEventSchema = evaluation.pick({
  id: true,
  state: true,
  stage: true,
  reason: true,
  attempt: true,
  progress: true,
});

export type EvaluationState = z.infer<typeof evaluationStateSchema>;
export type Workers = z.infer<typeof workersSchema>;
export type EvaluationStage = z.infer<typeof stageSchema>;
export type NewEvaluation = z.infer<typeof newEvaluationSchema>;
export type EvaluationSummary = z.infer<typeof evaluationSummarySchema>;
export type Evaluation = z.infer<typeof evaluationSchema>;
export type EvaluationListQuery = z.infer<typeof evaluationListQuerySchema>;
export type EvaluationEvent = z.infer<typeof evaluationEventSchema>;
