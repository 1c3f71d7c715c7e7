/** What only those who run a board see of it. */
import { z } from "zod";
import { hiddenRowSchema } from "./boards.ts";
import { dateSchema, suiteIdSchema } from "./names.ts";
import { ownerSchema } from "./tokens.ts";
import { evaluationIdSchema } from "./evaluations.ts";
import { workDeviceSchema } from "./work.ts";

const count = z.number().int().nonnegative();

/** More than these are not listed. */
export const MOST_LISTED = 1000;

/** Rows that were taken off any board, the last one first. */
export const hiddenRowsSchema = z.object({ rows: z.array(hiddenRowSchema.extend({ suite: suiteIdSchema })) });

/** Machines that were lent, by whose they are: an account, a token, or the board's owner. */
export const workerSchema = z.object({
  worker: ownerSchema,
  /** The account's name, or the token's label. */
  label: z.string(),
  devices: z.array(workDeviceSchema),
  /** Evaluations that it took part in. */
  evaluations: count,
  /** Shards of it that were accepted, and of these those that were computed anew by others since. */
  shards: count,
  redone: count,
  /** That these took, added up. */
  seconds: z.number().nonnegative(),
  /** Shards and replays that it has in hand now. */
  holding: count,
  /** Of its shards that others ran again: how often that came out alike, and how often otherwise. */
  agreed: count,
  disagreed: count,
  /** When, why and where the board stopped taking work from it; null where it did not. */
  cutOff: z
    .object({
      at: dateSchema,
      reason: z.string(),
      /** Null where that evaluation is gone. */
      evaluation: evaluationIdSchema.nullable(),
      shard: z.string(),
    })
    .nullable(),
});

export const workerListSchema = z.object({ workers: z.array(workerSchema) });

export type HiddenRowOfBoard = z.infer<typeof hiddenRowsSchema>["rows"][number];
export type ListedWorker = z.infer<typeof workerSchema>;
