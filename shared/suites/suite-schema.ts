/** The shape of a suite file, which strangers may hand in. */
import { z } from "zod";

const list = <S extends z.ZodType>(item: S) => z.array(item).readonly();
const id = z.number().int().nonnegative();
const ids = list(id).check(z.minLength(1));
const probability = z.number().min(0).max(1);
const positive = z.number().int().positive();

const grammarShape = z.strictObject({
  roots: positive,
  levels: positive.max(16),
  nonterminalsPerLevel: positive.max(1000),
  pairsPerNonterminal: positive,
  wordProbability: probability,
  words: positive.max(100_000),
  wordsPerNonterminal: positive,
});

const hmmShape = z.strictObject({
  states: positive.max(2000),
  words: positive.max(100_000),
  minimumLength: positive,
  maximumLength: positive.max(512),
  transitionSpread: z.number().nonnegative(),
  emissionSpread: z.number().nonnegative(),
});

const hmmParameters = z.strictObject({
  words: list(z.string()),
  initial: list(probability),
  transitions: list(list(probability)),
  emissions: list(list(probability)),
  lengths: list(probability),
});

const seed = z.number().int().nonnegative();
const language = z.union([
  z.strictObject({ kind: z.literal("pcfg"), grammar: z.string() }),
  z.strictObject({ kind: z.literal("pcfg"), shape: grammarShape, seed }),
  z.strictObject({ kind: z.literal("hmm"), parameters: hmmParameters }),
  z.strictObject({ kind: z.literal("hmm"), shape: hmmShape, seed }),
]);

const definition = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}@[1-9][0-9]{0,5}$/, "expected a name and version such as my-suite@1"),
  title: z.string().min(1).max(200),
  description: z.string().max(2000),
  objective: z.enum(["mlm", "clm"]),
  vocabulary: z.strictObject({ size: positive, pad: id, mask: id.nullable() }),
  language: language.nullable(),
  measures: list(z.string()),
  directions: positive.max(4096),
  seed,
  probeDimensions: positive.max(512),
});

const header = {
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, "expected letters, digits and hyphens"),
  title: z.string().min(1).max(200),
  description: z.string().max(2000),
};

const probeExamples = list(z.strictObject({ input_ids: ids, label: id }));

const task = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("probe"),
    ...header,
    pooling: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("concatenated") }),
      z.strictObject({ kind: z.literal("mean") }),
      z.strictObject({ kind: z.literal("position"), position: id }),
    ]),
    classes: list(z.string()).check(z.minLength(2), z.maxLength(10_000)),
    controlPositions: list(id).check(z.minLength(1), z.maxLength(16)),
    train: probeExamples,
    validation: probeExamples,
    test: probeExamples,
  }),
  z.strictObject({
    kind: z.literal("minimal-pairs"),
    ...header,
    pairs: list(z.strictObject({ good: ids, bad: ids })),
  }),
  z.strictObject({
    kind: z.literal("multiple-choice"),
    ...header,
    items: list(z.strictObject({ prompt: ids, choices: list(ids).check(z.minLength(2)), answer: id })),
  }),
]);

export const suiteSchema = z.strictObject({
  schemaVersion: z.literal(1),
  definition,
  corpus: list(z.unknown()),
  tasks: list(task).check(z.maxLength(100)),
});

export type SuiteFile = z.infer<typeof suiteSchema>;
