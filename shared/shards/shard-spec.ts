/** What a shard is to do. */
import { z } from "zod";
import type { FitSpec } from "../probes/fit-probe-spec.ts";
import type { FitPart, ProbeFeatures, TaskPiece } from "../probes/task-pieces.ts";
import type { FamilyId } from "../evaluate/evaluation.ts";

/** Inspects the model, checks what is made of it, and chooses ε. */
export interface PrepareSpec {
  readonly kind: "prepare";
}

/** Measures a block of examples along all their directions. */
export interface MeasureSpec {
  readonly kind: "measure";
  /** Null where the loss is all that is measured. */
  readonly family: FamilyId | null;
  /** First example, counted from 0. */
  readonly first: number;
  readonly count: number;
}

/** A piece of the downstream tasks: see task-pieces.ts. */
export type ShardSpec = PrepareSpec | MeasureSpec | TaskPiece;

const place = z.number().int().nonnegative();
const positive = z.number().int().positive();
const range = { first: place, count: positive };

const features: z.ZodType<ProbeFeatures> = z.discriminatedUnion("source", [
  z.strictObject({
    source: z.literal("model"),
    state: place,
    layer: z.number().int().nullable(),
    size: positive,
  }),
  z.strictObject({ source: z.literal("random"), size: positive }),
  z.strictObject({ source: z.literal("one-hot") }),
]);

const l2 = z.number().positive();
const index = place.max(1000);
const fit: z.ZodType<FitSpec> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("main"), penalties: z.array(l2).min(1).max(100).readonly() }),
  z.strictObject({ kind: z.literal("resample"), index, l2 }),
  z.strictObject({ kind: z.literal("control"), index, l2 }),
  z.strictObject({ kind: z.literal("codelength"), index }),
]);

const part: z.ZodType<FitPart> = z.strictObject({
  features,
  extent: z.enum(["full", "scores", "quick"]),
  fits: z.array(fit).min(1).max(1000).readonly().nullable(),
});

export const shardSpecSchema: z.ZodType<ShardSpec> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("prepare") }),
  z.strictObject({ kind: z.literal("measure"), family: z.enum(["rank-one", "scaled"]).nullable(), ...range }),
  z.strictObject({
    kind: z.literal("extract"),
    source: z.enum(["model", "random"]),
    pool: place,
    ...range,
  }),
  z.strictObject({ kind: z.literal("fit"), task: place, parts: z.array(part).min(1).max(10_000).readonly() }),
  z.strictObject({ kind: z.literal("compare"), task: place, ...range }),
]);
