/** Which pieces the downstream tasks of a suite consist of, as far as is known. */
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask, Task } from "../suites/task.ts";
import { planFits } from "./plan-fits.ts";
import { cut } from "./ranges.ts";
import { sentencePools, type SentencePool } from "./sentence-pool.ts";
import type { FeatureSource, PieceResults, TaskPiece } from "./task-pieces.ts";

/** What planning must know of a model. */
export interface TaskFacts {
  /** Of the embeddings (null) and each layer; empty where the graph does not show them. */
  readonly layers: readonly (number | null)[];
  /** Scalars of all parameters. */
  readonly parameters: number;
}

export interface PieceLimits {
  /** Estimated floating-point operations of a piece; what cannot be cut may take more. */
  readonly operations: number;
}

export interface PlannedPiece {
  /** Unique within the suite, such as `fit/0/first/1`. */
  readonly id: string;
  readonly piece: TaskPiece;
  readonly operations: number;
}

/** Features of an extracted range, of all layers: with those of a pass they must fit beside a model. */
export const FEATURE_BYTES = 2 ** 23;
/** Sentences scored in a piece: with 11 bytes each their scores stay within a payload. */
const MOST_COMPARED = 4000;

/** All pieces of one task that are known, done or not; those of a pool are its tasks' in common. */
export function planTask(
  suite: Suite,
  place: number,
  facts: TaskFacts,
  results: PieceResults,
  limits: PieceLimits,
): PlannedPiece[] {
  const task = suite.tasks[place]!;
  if (task.kind !== "probe") return planComparisons(suite, task, place, facts, limits);
  const extracts = (source: FeatureSource) => planExtracts(suite, place, source, facts, limits);
  const [model, random] = [extracts("model"), extracts("random")];
  const all = [...model, ...random];
  if (!all.every(({ id }) => results.extracted.has(id))) return all;
  const refused = (pieces: readonly PlannedPiece[]) => refusalOf(pieces, place, results) !== null;
  // Without features of the checkpoint there is nothing to compare baselines with.
  if (refused(model)) return all;
  const fits = planFits(
    task,
    place,
    {
      layers: facts.layers,
      dimensions: suite.definition.probeDimensions,
      size: (source) => rangeSize(suite, poolOf(suite, place).pool, source, facts, limits),
      random: !refused(random),
    },
    results.fitted,
    limits,
  );
  return [...all, ...fits];
}

/** Why the task has no features from these pieces; null where it has. */
export function refusalOf(
  pieces: readonly Pick<PlannedPiece, "id">[],
  place: number,
  { extracted }: Pick<PieceResults, "extracted">,
): string | null {
  for (const { id } of pieces) {
    const reason = extracted.get(id)?.refusals.get(place);
    if (reason !== undefined) return reason;
  }
  return null;
}

/** The pieces that extract the sentences of one task. */
export function planExtracts(
  suite: Suite,
  place: number,
  source: FeatureSource,
  facts: TaskFacts,
  limits: PieceLimits,
): PlannedPiece[] {
  const { pool, index } = poolOf(suite, place);
  const size = rangeSize(suite, pool, source, facts, limits);
  const ranges = new Set(Array.from(pool.rowsOf.get(place)!, (row) => Math.floor(row / size)));
  const each = operationsOf(pool.tokens / Math.max(1, pool.sentences.length), facts);
  return cut(pool.sentences.length, size)
    .filter((_, i) => ranges.has(i))
    .map((range) => ({
      id: `extract/${source}/${index}/${range.first}`,
      piece: { kind: "extract", source, pool: index, ...range },
      operations: range.count * each,
    }));
}

function poolOf(suite: Suite, place: number): { pool: SentencePool; index: number } {
  const pools = sentencePools(suite);
  const index = pools.findIndex(({ rowsOf }) => rowsOf.has(place));
  return { pool: pools[index]!, index };
}

function rangeSize(
  { definition }: Suite,
  { tokens, sentences }: SentencePool,
  source: FeatureSource,
  facts: TaskFacts,
  limits: PieceLimits,
): number {
  const states = source === "random" ? 1 : Math.max(1, facts.layers.length);
  const byMemory = FEATURE_BYTES / (4 * states * definition.probeDimensions);
  const byTime = limits.operations / operationsOf(tokens / Math.max(1, sentences.length), facts);
  return Math.max(1, Math.floor(Math.min(byMemory, byTime)));
}

function planComparisons(
  { definition: { objective } }: Suite,
  task: Exclude<Task, ProbeTask>,
  place: number,
  facts: TaskFacts,
  limits: PieceLimits,
): PlannedPiece[] {
  const items = itemsOf(task);
  const tokens = items.flat().reduce((sum, { length, scored }) => {
    // A masked model runs a sentence once for each of its tokens.
    return sum + length * (objective === "mlm" ? scored : 1);
  }, 0);
  const each = operationsOf(tokens / Math.max(1, items.length), facts);
  const scores = items.flat().length / Math.max(1, items.length);
  const most = Math.min(limits.operations / each, MOST_COMPARED / scores);
  return cut(items.length, Math.max(1, Math.floor(most))).map((range) => ({
    id: `compare/${place}/${range.first}`,
    piece: { kind: "compare", task: place, ...range },
    operations: range.count * each,
  }));
}

/** The sentences that each item of a task compares. */
function itemsOf(task: Exclude<Task, ProbeTask>): { length: number; scored: number }[][] {
  if (task.kind === "minimal-pairs") {
    return task.pairs.map(({ good, bad }) => [good, bad].map(({ length }) => ({ length, scored: length })));
  }
  return task.items.map(({ prompt, choices }) =>
    choices.map(({ length }) => ({ length: prompt.length + length, scored: length })),
  );
}

/** Forward passes over so many tokens. */
function operationsOf(tokens: number, { parameters }: TaskFacts): number {
  return Math.max(1, 2 * parameters * tokens);
}
