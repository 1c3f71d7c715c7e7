/** Checkpoints: one model, its card, and its rows on boards. */
import { z } from "zod";
import { cardSchema } from "../evaluate/card.ts";
import { boardRowSchema } from "./boards.ts";
import { sha256Schema, suiteIdSchema } from "./names.ts";

export const checkpointSchema = boardRowSchema
  .pick({ name: true, run: true, family: true, step: true, parameters: true, sha256: true })
  .extend({
    id: boardRowSchema.shape.checkpoint,
    addedAt: boardRowSchema.shape.addedAt,
    /** Who may have the weights. Results are public in any case. */
    visibility: z.enum(["private", "public"]),
    card: cardSchema.nullable(),
    results: z.array(
      boardRowSchema.pick({ origin: true, addedAt: true, measures: true, tasks: true }).extend({
        suite: suiteIdSchema,
        /** Of the whole result, which is at `results/SUITE` below the checkpoint. */
        resultSha256: sha256Schema,
      }),
    ),
  });

export type Checkpoint = z.infer<typeof checkpointSchema>;
