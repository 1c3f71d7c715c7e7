/**
 * An evaluation (checkpoint × suite) cut into shards: independent pieces with the same numbers whoever runs them, however
 * often. `nextShards` (plan.ts) says which can run, `runShard` (run-shard.ts) runs one, `finish` (finish.ts) makes the
 * result of what all of them gave. Whoever stores or passes them on may treat specifications and payloads as opaque.
 */
import { z } from "zod";
import type { FamilyId } from "../evaluate/evaluation.ts";
import { shardSpecSchema, type ShardSpec } from "./shard-spec.ts";

/** What an evaluation is doing; `comparing` are tasks without training. */
export const STAGES = ["preparing", "measuring", "extracting", "probing", "comparing"] as const;
export type Stage = (typeof STAGES)[number];

export const STAGE_OF: Readonly<Record<ShardSpec["kind"], Stage>> = {
  prepare: "preparing",
  measure: "measuring",
  extract: "extracting",
  fit: "probing",
  compare: "comparing",
};

export interface Shard {
  /** Unique within the evaluation and the same whoever plans it, such as `measure/rank-one/256`. */
  readonly id: string;
  readonly stage: Stage;
  /** Estimated floating-point operations: for limits, and for the share that is done. */
  readonly operations: number;
  /** Ids of the shards whose payloads it reads; it may rest on what others left in the blob store. */
  readonly needs: readonly string[];
  readonly spec: ShardSpec;
}

/** What whoever asks for an evaluation may choose; the same for all of its shards. */
export interface JobOptions {
  /** Of the directions. */
  readonly seed: number;
  /** Pairs (example, direction) in one pass at most; passes over sentences hold twice as many. */
  readonly batch: number;
  /** Instead of the suite's. */
  readonly measures?: readonly string[];
  /** Instead of the suite's. */
  readonly directions?: number;
  /** Set by hand; chosen where absent. */
  readonly epsilon?: Readonly<Partial<Record<FamilyId, number>>>;
  /**
   * Estimated operations of a shard at most, where it can be cut; 10¹¹ if absent, about ten seconds of WebAssembly. More
   * for models that only fast machines run.
   */
  readonly operations?: number;
}

/** Largest payload of a shard, in bytes of UTF-8. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

const id = z
  .string()
  .regex(/^[a-z0-9/.@-]{1,120}$/, "expected up to 120 lower-case letters, digits and /.@-");

/** Of what comes from a database or a stranger. */
export const shardSchema: z.ZodType<Shard> = z.strictObject({
  id,
  stage: z.enum(STAGES),
  operations: z.number().nonnegative(),
  needs: z.array(id).max(10_000).readonly(),
  spec: shardSpecSchema,
});

/** Of what comes from a database or a stranger. */
export const jobOptionsSchema: z.ZodType<JobOptions> = z.strictObject({
  seed: z.number().int().nonnegative(),
  batch: z.number().int().positive().max(4096),
  measures: z.array(z.string().max(100)).min(1).max(100).readonly().exactOptional(),
  directions: z.number().int().positive().max(4096).exactOptional(),
  epsilon: z.partialRecord(z.enum(["rank-one", "scaled"]), z.number().positive()).exactOptional(),
  operations: z.number().min(1e6).max(1e18).exactOptional(),
});
