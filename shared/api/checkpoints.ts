/** Checkpoints: one model, its card, and its rows on boards. */
import { z } from "zod";
import { cardSchema } from "../evaluate/card.ts";
import { boardRowSchema, hiddenRowSchema } from "./boards.ts";
import { LARGEST_CARD } from "./imported-result.ts";
import { labelSchema } from "./label.ts";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";

const count = z.number().int().nonnegative();

/** Who may have the weights. Results are public in any case. */
export const visibilitySchema = z.enum(["private", "public"]);

/** A card whose name, run and family can be shown on a board. */
export const shownCardSchema = cardSchema
  .extend({ name: labelSchema.nullish(), run: labelSchema.nullish(), family: labelSchema.nullish() })
  .refine((card) => JSON.stringify(card).length <= LARGEST_CARD, {
    error: `is longer than ${LARGEST_CARD} characters of JSON; leave out what need not be shown`,
  });

export type ShownCard = z.infer<typeof shownCardSchema>;

export const checkpointSchema = boardRowSchema
  .pick({ name: true, run: true, family: true, step: true, parameters: true, sha256: true })
  .extend({
    id: boardRowSchema.shape.checkpoint,
    state: z.literal("complete"),
    addedAt: boardRowSchema.shape.addedAt,
    visibility: visibilitySchema,
    /** Of the file, which is at `file` below the checkpoint; null where there is none, since it was imported. */
    bytes: count.nullable(),
    /** Tokens that the model knows; null where its graph does not show it. */
    vocabulary: count.nullable(),
    card: cardSchema.nullable(),
    results: z.array(
      boardRowSchema.pick({ origin: true, addedAt: true, measures: true, tasks: true, tiers: true }).extend({
        suite: suiteIdSchema,
        /** Why the row was taken off its board; null where it is there. */
        hidden: hiddenRowSchema.pick({ reason: true, hiddenAt: true }).nullable(),
        /** Of the whole result, which is at `results/SUITE` below the checkpoint. */
        resultSha256: sha256Schema,
      }),
    ),
  });

/** What a board keeps of results that others took the place of. */
export const MOST_REPLACED = 10;

export const replacedResultsSchema = z.object({
  results: z.array(
    z.object({
      /** Of the whole result, which the same address without `/replaced` gives for `?sha256=`. */
      resultSha256: sha256Schema,
      origin: boardRowSchema.shape.origin,
      addedAt: dateSchema,
      replacedAt: dateSchema,
    }),
  ),
});

export const resultQuerySchema = z.strictObject({
  /** An earlier result, instead of the one on the board. */
  sha256: sha256Schema.optional(),
});

/** Fields of the card that are given take the place of those there are; null takes one away. */
export const checkpointChangesSchema = z
  .strictObject({ visibility: visibilitySchema.optional(), card: shownCardSchema.optional() })
  .refine(({ visibility, card }) => visibility !== undefined || card !== undefined, {
    error: "changes nothing; give visibility, or fields of the card",
  });

export const ownCheckpointsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** From `next` of the page before. */
  cursor: z.string().max(100).optional(),
});

/** What a token has uploaded, newest first: checkpoints, and uploads that are not complete. */
export const ownCheckpointsSchema = z.object({
  checkpoints: z.array(
    z.object({
      id: checkpointIdSchema,
      state: z.enum(["pending", "complete"]),
      name: z.string(),
      bytes: count,
      visibility: visibilitySchema,
      /** Null while pending. */
      sha256: sha256Schema.nullable(),
      /** Null while pending. */
      parameters: count.nullable(),
      addedAt: dateSchema,
      /** When the upload is thrown away; null once it is complete. */
      expiresAt: dateSchema.nullable(),
    }),
  ),
  /** Cursor of the next page; null on the last. */
  next: z.string().nullable(),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;
export type CheckpointChanges = z.infer<typeof checkpointChangesSchema>;
export type ReplacedResults = z.infer<typeof replacedResultsSchema>;
export type OwnCheckpoints = z.infer<typeof ownCheckpointsSchema>;
