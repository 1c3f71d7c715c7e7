/** Boards: every checkpoint that was evaluated with one suite. */
import { z } from "zod";
import { labelSchema } from "./label.ts";
import { checkpointIdSchema, dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";
import { publishedSuiteSchema } from "./suites.ts";
import { ownerSchema } from "./tokens.ts";

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

/**
 * Where a result comes from. `committed`: it came with the board's own source. `edge`: this board evaluated the checkpoint.
 * `replicated`: lent workers did, and a random sample of what they gave came out alike when others computed it again.
 * `unverified`: lent workers did, and that is not known yet. `imported`: it was computed elsewhere, and an admin took it in.
 */
export const ORIGINS = ["committed", "edge", "replicated", "unverified", "imported"] as const;
export const originSchema = z.enum(ORIGINS);

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
  origin: originSchema,
  /** Who uploaded the checkpoint: the id of a token, or `owner`; null where it was imported. */
  owner: ownerSchema.nullable(),
  addedAt: dateSchema,
  /**
   * By what a board can be sorted by, a measure's id or `task:` and a task's: 1 for the best and all that cannot be told
   * from it. Absent where the value is undefined, not compared yet, or beyond the last tier that is told apart.
   */
  tiers: z.record(z.string(), z.number().int().positive()),
});

/**
 * How the checkpoints of a board were compared with the leaders of their tiers. `paired`: on common examples. `unpaired`: by
 * values and standard errors alone, which is conservative: boards of many rows, and rows without per-example values.
 * `mixed`: some so, some so. `none`: there was nothing to compare.
 */
export const tierMethodSchema = z.enum(["paired", "unpaired", "mixed", "none"]);
export type TierMethod = z.infer<typeof tierMethodSchema>;

/** Tiers follow rows after a while; until then they are of the rows there were. */
export const boardTiersSchema = z.object({
  upToDate: z.boolean(),
  methods: z.record(z.string(), tierMethodSchema),
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
/** In decimal digits, maybe with an exponent: blanks, `Infinity` and hexadecimal are no numbers here. */
const decimal = z
  .string()
  .regex(/^[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,3})?$/, "expected a number such as 1.5 or 2e6")
  .transform(Number)
  .pipe(z.number());

/** Bounds are included; a row without a value is in no range. */
const filters = {
  family: filter.optional(),
  run: filter.optional(),
  /** Any part of the name, without regard to case. */
  name: filter.optional(),
  owner: ownerSchema.optional(),
  minParameters: decimal.optional(),
  maxParameters: decimal.optional(),
  /** Nats. */
  minLoss: decimal.optional(),
  maxLoss: decimal.optional(),
  minStep: decimal.optional(),
  maxStep: decimal.optional(),
};

export const boardFiltersSchema = z.object(filters);

export const boardQuerySchema = z.strictObject({
  sort: sortSchema.optional(),
  order: z.enum(["asc", "desc"]).optional(),
  ...filters,
  limit: z.coerce.number().int().min(1).max(LONGEST_PAGE).default(100),
  /** From `next` of the page before, which must have had the same order. */
  cursor: z.string().max(2000).optional(),
  format: z.enum(["json", "csv"]).default("json"),
});

export const boardPageSchema = z.object({
  suite: suiteIdSchema,
  sort: z.string(),
  order: z.enum(["asc", "desc"]),
  /** Rows of the whole board, whatever is filtered, without hidden ones. */
  checkpoints: count,
  tiers: boardTiersSchema,
  rows: z.array(boardRowSchema),
  /** Cursor of the next page; null on the last. */
  next: z.string().nullable(),
});

export const boardListSchema = z.object({
  boards: z.array(
    publishedSuiteSchema.pick({ title: true, checkpoints: true }).extend({ suite: suiteIdSchema }),
  ),
});

export const hideSchema = z.strictObject({
  /** Anyone may read it. */
  reason: labelSchema,
});

export const hiddenRowSchema = boardRowSchema
  .pick({ checkpoint: true, name: true, run: true, family: true, sha256: true, origin: true, addedAt: true })
  .extend({ reason: z.string(), hiddenAt: dateSchema });

/** More than these are not listed. */
export const MOST_HIDDEN = 1000;

/** Rows that an admin took off the board, the last one first. */
export const hiddenListSchema = z.object({ suite: suiteIdSchema, hidden: z.array(hiddenRowSchema) });

const numbers = z.array(z.number().nullable());
const texts = z.array(z.string().nullable());

/** All rows, by column; entry i of every list is of the same checkpoint. Null where a value is undefined. */
export const boardColumnsSchema = z.object({
  suite: suiteIdSchema,
  checkpoints: count,
  tiers: boardTiersSchema,
  columns: z.object({
    checkpoint: z.array(checkpointIdSchema),
    name: z.array(z.string()),
    run: texts,
    /** The run that a row's run goes on from, as its card says: both are then one piece of evidence. */
    startedFrom: texts,
    family: texts,
    step: numbers,
    parameters: z.array(count),
    origin: z.array(originSchema),
    owner: texts,
    addedAt: z.array(dateSchema),
    measures: z.record(
      z.string(),
      z.object({ value: numbers, standardError: numbers, directionError: numbers, tier: numbers }),
    ),
    tasks: z.record(z.string(), z.object({ value: numbers, standardError: numbers, tier: numbers })),
  }),
});

export type Origin = z.infer<typeof originSchema>;
export type BoardRow = z.infer<typeof boardRowSchema>;
export type BoardQuery = z.infer<typeof boardQuerySchema>;
export type BoardFilters = z.infer<typeof boardFiltersSchema>;
export type BoardTiers = z.infer<typeof boardTiersSchema>;
export type HiddenRow = z.infer<typeof hiddenRowSchema>;
export type BoardColumns = z.infer<typeof boardColumnsSchema>;
export type Scores = z.infer<typeof scoresSchema>;
