/** The result file: what an evaluation leaves behind, and what strangers may hand in. */
import { z } from "zod";
import { probesSchema, zeroShotSchema } from "../probes/task-result-schema.ts";
import { cardSchema } from "./card.ts";

/** 2: traces may be exact for some parameters. */
export const SCHEMA_VERSION = 2;

const list = <S extends z.ZodType>(item: S) => z.array(item).readonly();
const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
const byFamily = <S extends z.ZodType>(value: S) => z.partialRecord(z.enum(["rank-one", "scaled"]), value);

const tensorResult = z.object({
  name: z.string(),
  layer: z.number().int().nullable(),
  kind: z.string(),
  parameters: count,
  value: z.number(),
  directionError: z.number().nullable(),
  exact: z.literal(true).exactOptional(),
});

const measureResult = z.object({
  value: z.number(),
  standardError: z.number().nullable(),
  unit: z.string(),
  directionError: z.number().nullable().exactOptional(),
  directionDegrees: z.number().exactOptional(),
  roundingError: z.number().exactOptional(),
  stepBias: z.number().exactOptional(),
  largestShare: z.number().exactOptional(),
  directions: count.exactOptional(),
  epsilon: z.number().exactOptional(),
  perTensor: list(tensorResult).exactOptional(),
});

const undefinedMeasure = z.object({ value: z.null(), reason: z.string() });

const partOfModel = z.object({ name: z.string(), parameters: count, reason: z.string() });
const file = z.object({ file: z.string(), sha256, bytes: count });

/** All that a replay needs, and what the numbers rested on. */
export const receiptSchema = z.object({
  versions: z.object({ plateau: z.string(), onnxruntime: z.string(), node: z.string() }),
  device: z.string(),
  /** Null where the runtime decides. */
  threads: z.number().int().positive().nullable(),
  model: file.extend({ externalData: list(file) }),
  corpus: file.extend({ objective: z.enum(["mlm", "clm"]) }),
  measures: list(z.string()),
  /** Directions that every example drew; 0 where all that was selected is exact, and there is then no ε either. */
  directions: byFamily(count),
  precision: z.number().positive().nullable(),
  perLayer: z.boolean(),
  seed: z.number().int().nonnegative(),
  epsilon: byFamily(z.number().positive()),
  /** Whether ε was set by hand; a measure is then never withheld for its rounding or truncation. */
  epsilonByHand: z.boolean(),
  batch: z.number().int().positive(),
  include: list(z.string()),
  exclude: list(z.string()),
  selfCheck: byFamily(
    z.object({ atRest: z.number(), moved: z.number(), change: z.number(), epsilon: z.number() }),
  ),
  /** What the pilot measured, in nats: see Rounding. */
  rounding: byFamily(z.object({ loss: z.number(), logits: z.number(), tokenLoss: z.number() })),
  seconds: z.number().nonnegative(),
});

export const resultSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  plateau: z.string(),
  checkpoint: z.object({
    file: z.string(),
    sha256,
    card: cardSchema.nullable(),
    parameters: count,
    /** Moved along directions. */
    perturbedParameters: count,
    /** Not moved, because their part of every trace is exact. */
    exactParameters: count,
    unperturbed: list(partOfModel),
    /** Parameters whose direction is one for all examples of a pass: correct, but noisier. */
    sharedDirections: list(partOfModel),
  }),
  corpus: z.object({ sha256, objective: z.enum(["mlm", "clm"]), examples: count, labelledTokens: count }),
  /** Name and version; null where a corpus was given instead. */
  suite: z.string().nullable(),
  runtime: z.object({ device: z.string(), ort: z.string() }),
  seed: z.number().int().nonnegative(),
  measures: z.record(z.string(), z.union([measureResult, undefinedMeasure])),
  /** Downstream tasks of the suite. */
  probes: probesSchema.exactOptional(),
  zeroShot: zeroShotSchema.exactOptional(),
  /** By measure: float32 in base64, a number an example (see per-example.ts). */
  perExample: z.record(z.string(), z.string()).exactOptional(),
  receipt: receiptSchema,
});

export type Result = z.infer<typeof resultSchema>;
export type Receipt = z.infer<typeof receiptSchema>;
