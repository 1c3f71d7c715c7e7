/** What `NAME.card.json` beside `NAME.onnx` says about a checkpoint. */
import { z } from "zod";

const text = z.string().max(10_000).nullish();
const count = z.number().int().nonnegative().nullish();

/** Fields that are not listed are kept where they are plain values: runs differ in what is worth noting. */
export const cardSchema = z
  .object({
    /** What to call the checkpoint. */
    name: text,
    /** The training run it is from. */
    run: text,
    /** Runs to compare with one another, such as one architecture and size. */
    family: text,
    /** Optimiser steps taken. */
    step: count,
    /** Tokens seen. */
    tokens: count,
    optimiser: text,
    notes: text,
  })
  .catchall(z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()]));

export type Card = z.infer<typeof cardSchema>;
