/**
 * Lent workers: machines that claim shards, run them, and send what they gave. Nobody has to trust them: shards that the
 * board picks are run again by others, and what comes of that is public (`auditSchema`).
 *
 * A lease is what a claim gives: for as long as it holds, its holder may have the model, the suite, and what other shards
 * left. All times are durations, since a worker's clock may be wrong.
 */
import { z } from "zod";
import { jobOptionsSchema, shardSchema } from "../shards/shard.ts";
import { evaluationIdSchema, evaluationSummarySchema } from "./evaluations.ts";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";
import { ownerSchema } from "./tokens.ts";

const count = z.number().int().nonnegative();

/** What a lent worker runs models on. */
export const WORK_DEVICES = ["cpu", "cuda", "webgpu", "wasm"] as const;
export const workDeviceSchema = z.enum(WORK_DEVICES);
export type WorkDevice = z.infer<typeof workDeviceSchema>;

/** Estimated operations of a lent evaluation's shards, at most: some seconds of a fast machine. */
export const LENT_OPERATIONS = 1e12;
/** Pairs in one pass of a lent evaluation's shards. */
export const LENT_BATCH = 32;

/** 128 random bits. */
export const leaseSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "expected a lease: 32 hexadecimal digits, from a claim");

const version = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,39}$/, "expected a version such as 1.30.0");

export const claimSchema = z.strictObject({
  device: workDeviceSchema,
  /** Version of ONNX Runtime. */
  ort: version,
  /** Version of Plateau: the board's own, as others may give other numbers. */
  plateau: version,
  /** Bytes of the largest model that this worker takes; any if absent. */
  largestModel: z.number().int().positive().optional(),
  /** The evaluation to take shards of first: its model is at hand already. */
  prefer: evaluationIdSchema.optional(),
});

/** A shard, and what running it takes. */
export const workSchema = z.object({
  lease: leaseSchema,
  /** The lease holds for so long, unless a heartbeat renews it. */
  leaseSeconds: z.number().positive(),
  evaluation: evaluationIdSchema,
  checkpoint: z.object({ id: checkpointIdSchema, name: z.string() }),
  shard: shardSchema,
  options: jobOptionsSchema,
  /** The file is at `work/LEASE/suite`. */
  suite: z.object({ id: suiteIdSchema, sha256: sha256Schema, bytes: count }),
  /** The file is at `work/LEASE/model`. */
  model: z.object({ sha256: sha256Schema, bytes: count }),
  /** Of the shards that this one needs, by their ids. */
  payloads: z.record(z.string(), z.string()),
  /** Of the evaluation. */
  progress: evaluationSummarySchema.shape.progress,
});

export const claimAnswerSchema = z.object({
  /** Null: there is nothing to do for this worker. */
  work: workSchema.nullable(),
  /** How long to wait before the next claim. */
  secondsToWait: z.number().nonnegative(),
});

export const heartbeatSchema = z.object({ leaseSeconds: z.number().positive() });

export const workResultSchema = z.strictObject({
  /** What `runShard` gave: JSON, at most `MAX_PAYLOAD_BYTES` of UTF-8. */
  payload: z.string().min(1),
  /** That running it took. */
  seconds: z.number().nonnegative().max(1e7),
});

export const acceptedSchema = z.object({ accepted: z.literal(true) });

export const LONGEST_FAILURE = 2000;

export const workFailureSchema = z.strictObject({
  /** Anyone may read it. */
  reason: z.string().trim().min(1).max(LONGEST_FAILURE),
  /** Whether another attempt could only end alike: one word among others, of this worker's. */
  final: z.boolean(),
});

/** `open`: someone will try it again. `failed`: it was tried too often, and the evaluation ends with it. */
export const failureOutcomeSchema = z.object({ outcome: z.enum(["open", "failed"]) });

/** What shards leave for one another: see feature-store.ts. */
export const blobKeySchema = z
  .string()
  .regex(
    /^features\/(model|random)\/(0|[1-9]\d{0,5})\/(0|[1-9]\d{0,8})\/(0|[1-9]\d{0,3})$/,
    "expected a key such as features/model/0/0/0",
  );

export const blobWrittenSchema = z.object({ key: blobKeySchema, bytes: count });

/**
 * What an evaluation's numbers rest on. `edge`: the board computed them. `unverified`: lent workers did, and not all of the
 * drawn shards were run again yet. `replicated`: all of these agreed. `superseded`: another result took the place of this
 * one before that was known. Null: it has no numbers, or not yet again.
 */
export const standingSchema = z.enum(["edge", "unverified", "replicated", "superseded"]);
export type Standing = z.infer<typeof standingSchema>;

const cutOffSchema = z.object({ at: dateSchema, reason: z.string() });

/** Who computed an evaluation of lent workers, and who checked it. Anyone may read it. */
export const auditSchema = z.object({
  evaluation: evaluationIdSchema,
  device: evaluationSummarySchema.shape.device,
  standing: standingSchema.nullable(),
  /** Those whose shards were accepted, most shards first; one entry for each device of a worker. */
  workers: z.array(
    z.object({
      worker: ownerSchema,
      /** Of its token. */
      label: z.string(),
      device: workDeviceSchema,
      /** Accepted, those that were computed anew later included. */
      shards: count,
      /** Of these, discarded since, and computed anew by others. */
      redone: count,
      /** That its shards took, added up. */
      seconds: z.number().nonnegative(),
      /** When and why the board stopped taking work from it; null where it did not. */
      cutOff: cutOffSchema.nullable(),
    }),
  ),
  /** Shards that the board drew to be run again, in that order; a disputed one several times. */
  replays: z.array(
    z.object({
      shard: z.string(),
      /** Whose payload is checked. */
      maker: ownerSchema,
      /** `returned`: it was run again, and what came of it is to be judged, perhaps once others have run it too. */
      state: z.enum(["open", "leased", "returned", "done"]),
      /** False where it no longer does: what it checked was discarded, or whoever ran it was cut off. */
      counts: z.boolean(),
      /** Who runs it again, or did; null as long as nobody does. */
      by: z.union([ownerSchema, z.literal("edge")]).nullable(),
      /** Label of that worker's token; null for the edge. */
      label: z.string().nullable(),
      /** Whether both gave the same, within rounding; null before that is known. */
      agrees: z.boolean().nullable(),
      /** What was compared, and how far apart it is. */
      detail: z.string().nullable(),
      endedAt: dateSchema.nullable(),
    }),
  ),
});

/** A worker that the board takes no more work from. */
export const cutOffWorkerSchema = cutOffSchema.extend({
  worker: ownerSchema,
  label: z.string(),
  /** Where it was found to be wrong; null where that evaluation is gone. */
  evaluation: evaluationIdSchema.nullable(),
  shard: z.string(),
});
export const cutOffListSchema = z.object({ workers: z.array(cutOffWorkerSchema) });

export type Claim = z.infer<typeof claimSchema>;
export type Work = z.infer<typeof workSchema>;
export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;
export type WorkResult = z.infer<typeof workResultSchema>;
export type WorkFailure = z.infer<typeof workFailureSchema>;
export type Audit = z.infer<typeof auditSchema>;
export type CutOffWorker = z.infer<typeof cutOffWorkerSchema>;
