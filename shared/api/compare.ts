/** A few checkpoints side by side: what they have, and which of their differences are real. */
import { z } from "zod";
import { boardRowSchema } from "./boards.ts";
import { checkpointIdSchema, suiteIdSchema, suiteNameSchema } from "./names.ts";

export const [FEWEST_COMPARED, MOST_COMPARED] = [2, 6];
const COUNT = `name ${FEWEST_COMPARED} to ${MOST_COMPARED} checkpoints, each as checkpoint=ID`;

export const compareQuerySchema = z.strictObject({
  suite: suiteNameSchema,
  /** Given once for each. */
  checkpoint: z
    .union([z.string(), z.array(z.string())], { error: COUNT })
    .transform((ids) => [ids].flat())
    .pipe(
      z
        .array(checkpointIdSchema)
        .min(FEWEST_COMPARED, COUNT)
        .max(MOST_COMPARED, COUNT)
        .refine((ids) => new Set(ids).size === ids.length, "a checkpoint is there twice"),
    ),
});

const pairSchema = z.object({
  first: checkpointIdSchema,
  second: checkpointIdSchema,
  /** `unpaired` where one of them has no per-example values. */
  method: z.enum(["paired", "unpaired"]),
  /** First minus second, in their unit; null where one value is undefined. */
  difference: z.number().nullable(),
  standardError: z.number().nullable(),
  /** 95 %. */
  interval: z.tuple([z.number(), z.number()]).nullable(),
  /** Two-sided. */
  pValue: z.number().nullable(),
  /** By Holm, over all pairs, measures and tasks of this answer. */
  adjustedPValue: z.number().nullable(),
  /** Why something is null; null where nothing is. */
  reason: z.string().nullable(),
});

export const comparisonSchema = z.object({
  suite: suiteIdSchema,
  /** In the order in which they were named; also those that were taken off the board. */
  checkpoints: z.array(boardRowSchema),
  scores: z.array(
    z.object({
      /** A measure's id, or `task:` and a task's. */
      score: z.string(),
      better: z.enum(["lower", "higher"]),
      pairs: z.array(pairSchema),
    }),
  ),
  /** Fields of the cards that are not the same for all; a value for each checkpoint, null where its card has none. */
  cards: z.array(
    z.object({
      field: z.string(),
      values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  ),
});

export type ComparedPair = z.infer<typeof pairSchema>;
export type ComparisonOfCheckpoints = z.infer<typeof comparisonSchema>;
