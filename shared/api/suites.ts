/** What the API says about a suite, short of its corpus and tasks. */
import { z } from "zod";
import { MEASURES } from "../measures/index.ts";
import { describeTask } from "../suites/describe.ts";
import type { Suite } from "../suites/suite.ts";
import type { Task } from "../suites/task.ts";
import { dateSchema, sha256Schema, suiteIdSchema } from "./names.ts";

const count = z.number().int().nonnegative();

const describedMeasure = z.object({
  id: z.string(),
  label: z.string(),
  description: z.string(),
  unit: z.string(),
  better: z.literal("lower"),
});

const describedTask = z.object({
  id: z.string(),
  kind: z.enum(["probe", "minimal-pairs", "multiple-choice"]),
  title: z.string(),
  description: z.string(),
  /** How many examples of what. */
  summary: z.string(),
  /** Accuracy of guessing. */
  chance: z.number(),
  /** Test sentences, pairs or items: what the accuracy is a share of. */
  items: count,
});

export const suiteSummarySchema = z.object({
  id: suiteIdSchema,
  title: z.string(),
  description: z.string(),
  objective: z.enum(["mlm", "clm"]),
  vocabulary: z.object({ size: count, pad: count, mask: count.nullable() }),
  /** Whether the language is known exactly, and with it the least possible loss. */
  knownLanguage: z.boolean(),
  measures: z.array(describedMeasure),
  tasks: z.array(describedTask),
  directions: count,
  seed: count,
  probeDimensions: count,
  examples: count,
  labelledTokens: count,
});

export const publishedSuiteSchema = suiteSummarySchema.extend({
  /** Of the suite file; results name it. */
  sha256: sha256Schema,
  bytes: count,
  publishedAt: dateSchema,
  /** Rows of its board. */
  checkpoints: count,
});

export const suiteListSchema = z.object({ suites: z.array(publishedSuiteSchema) });

export type SuiteSummary = z.infer<typeof suiteSummarySchema>;
export type PublishedSuite = z.infer<typeof publishedSuiteSchema>;

/** The loss is measured whether or not a suite lists it. */
export function summariseSuite({ definition, corpus, tasks }: Suite): SuiteSummary {
  const { id, title, description, objective, vocabulary, directions, seed, probeDimensions } = definition;
  return {
    id,
    title,
    description,
    objective,
    vocabulary,
    knownLanguage: definition.language !== null,
    measures: MEASURES.filter(
      (measure) => measure.id === "loss" || definition.measures.includes(measure.id),
    ).map((measure) => ({
      id: measure.id,
      label: measure.label,
      description: measure.description,
      unit: measure.unit,
      better: measure.better,
    })),
    tasks: tasks.map((task) => ({ ...describeTask(task), items: itemsOf(task) })),
    directions,
    seed,
    probeDimensions,
    examples: corpus.examples.length,
    labelledTokens: corpus.labelledTokens,
  };
}

function itemsOf(task: Task): number {
  switch (task.kind) {
    case "probe":
      return task.test.length;
    case "minimal-pairs":
      return task.pairs.length;
    case "multiple-choice":
      return task.items.length;
  }
}
