/** Boards: every checkpoint that was evaluated with one suite. */
import { z } from "zod";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";
import { publishedSuiteSchema } from "./suites.ts";

const count = z.number().int().nonnegative();
const undefinedScore = z.object({ value: z.null(), reason: z.string() });
const scoreSchema = z.object({ value: z.number(), standardError: z.number().nullable() });

/** Errors have four significant digits here; the whole result has them all. */
export const measureCellSchema = z.union([
  scoreSchema.extend({ directionError: z.number().nullable() }),
  undefinedScore,
]);

/** An accuracy, and its gains over one-hot words and over random weights, which only probes have. */
export const taskCellSchema = z.union([
  scoreSchema.extend({
    trainingError: z.number().nullable(),
    gainOverWords: scoreSchema.nullable(),
    gainOverRandom: scoreSchema.nullable(),
  }),
  undefinedScore,
]);

export const scoresSchema = z.object({
  measures: z.record(z.string(), measureCellSchema),
  tasks: z.record(z.string(), taskCellSchema),
});

export const boardRowSchema = scoresSchema.extend({
  checkpoint: checkpointIdSchema,
  name: z.string(),
  run: z.string().nullable(),
  family: z.string().nullable(),
  /** Optimiser steps. */
  step: count.nullable(),
  parameters: count,
  /** Of the model. */
  sha256: sha256Schema,
  /** Imported results were computed elsewhere; this board did not evaluate the checkpoint. */
  origin: z.literal("imported"),
  addedAt: dateSchema,
});

export const ROW_FIELDS = ["name", "run", "family", "step", "parameters", "added"] as const;
export const LONGEST_PAGE = 500;

/** What a board can be sorted by: a field of its rows, a measure's id, or `task:` and the id of a task. */
const sortSchema = z
  .string()
  .regex(
    /^([a-z]+(-[a-z]+)*|task:[A-Za-z0-9][A-Za-z0-9-]{0,62})$/,
    `expected one of ${ROW_FIELDS.join(", ")}, a measure, or task: and a task's id`,
  );

const filter = z.string().min(1).max(200);

export const boardQuerySchema = z.strictObject({
  sort: sortSchema.optional(),
  order: z.enum(["asc", "desc"]).optional(),
  family: filter.optional(),
  run: filter.optional(),
  /** Any part of the name, without regard to case. */
  name: filter.optional(),
  limit: z.coerce.number().int().min(1).max(LONGEST_PAGE).default(100),
  /** From `next` of the page before, which must have had the same order. */
  cursor: z.string().max(2000).optional(),
  format: z.enum(["json", "csv"]).default("json"),
});

export const boardPageSchema = z.object({
  suite: suiteIdSchema,
  sort: z.string(),
  order: z.enum(["asc", "desc"]),
  /** Rows of the whole board, whatever is filtered. */
  checkpoints: count,
  rows: z.array(boardRowSchema),
  /** Cursor of the next page; null on the last. */
  next: z.string().nullable(),
});

export const boardListSchema = z.object({
  boards: z.array(
    publishedSuiteSchema.pick({ title: true, checkpoints: true }).extend({ suite: suiteIdSchema }),
  ),
});

const numbers = z.array(z.number().nullable());
const texts = z.array(z.string().nullable());

/** All rows, by column; entry i of every list is of the same checkpoint. Null where a value is undefined. */
export const boardColumnsSchema = z.object({
  suite: suiteIdSchema,
  checkpoints: count,
  columns: z.object({
    checkpoint: z.array(checkpointIdSchema),
    name: z.array(z.string()),
    run: texts,
    family: texts,
    step: numbers,
    parameters: z.array(count),
    addedAt: z.array(dateSchema),
    measures: z.record(
      z.string(),
      z.object({ value: numbers, standardError: numbers, directionError: numbers }),
    ),
    tasks: z.record(z.string(), z.object({ value: numbers, standardError: numbers })),
  }),
});

export type BoardRow = z.infer<typeof boardRowSchema>;
export type BoardQuery = z.infer<typeof boardQuerySchema>;
export type BoardColumns = z.infer<typeof boardColumnsSchema>;
export type Scores = z.infer<typeof scoresSchema>;
