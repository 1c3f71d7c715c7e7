/** A whole evaluation in one process: shards in rounds until the budget or the precision is reached, then the parts. */
import type { Corpus } from "../corpus/corpus.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Runtime } from "../runtime.ts";
import { estimate } from "./estimate.ts";
import { Evaluation, type EvaluationHooks, type EvaluationOptions, type FamilyId } from "./evaluation.ts";
import { reconcile, stratify } from "./per-tensor.ts";
import { measureResults, type MeasureResult, type MeasureResults, type TensorResult } from "./result.ts";
import { mergeTallies, type Tally } from "./tally.ts";

export interface EvaluateOptions extends EvaluationOptions {
  /** Stop once every trace's directionError is at most this fraction of it; `directions` is then the most drawn. */
  readonly precision?: number;
  /** Split every trace by tensor, at about the cost of the traces themselves. */
  readonly perLayer?: boolean;
}

export interface EvaluateHooks extends EvaluationHooks {
  /** Rows still to be run, as far as known: the total so far and what is done. */
  readonly onRows?: (done: number, total: number) => void;
}

export interface EvaluateOutcome {
  readonly evaluation: Evaluation;
  readonly measures: MeasureResults;
  readonly tallies: ReadonlyMap<FamilyId, Tally>;
}

/** Examples of a shard: progress and memory, not precision, depend on it. */
const SHARD_EXAMPLES = 256;
/** Fewer directions than this do not tell their own error well enough to stop on it. */
const FIRST_ROUND = 8;

/** Evaluates a model. The evaluation in the outcome is disposed of; its subject and step sizes remain readable. */
export async function evaluate(
  original: Graph,
  runtime: Runtime,
  corpus: Corpus,
  options: EvaluateOptions,
  hooks: EvaluateHooks = {},
): Promise<EvaluateOutcome> {
  const evaluation = await Evaluation.prepare(original, runtime, corpus, options, hooks);
  try {
    let done = 0;
    const tallies = new Map<FamilyId, Tally>();
    const parts = new Map<string, readonly TensorResult[]>();
    const totals = new Map<string, { value: number; directionError: number }>();
    for (const [family, { step }] of evaluation.families) {
      hooks.onStage?.(step ? `measuring along ${family} directions` : "measuring");
      let reached = done;
      const tally = await runRounds(evaluation, family, options, (rows, total) => {
        reached = done + rows;
        hooks.onRows?.(reached, done + total);
      });
      done = reached;
      tallies.set(family, tally);
      if (!options.perLayer || !step) continue;
      hooks.onStage?.(`splitting ${family} traces by tensor`);
      const pairs = tally.directions.reduce((sum, k) => sum + k, 0);
      for (const [id, strata] of await stratify(evaluation, family, tally.loss, pairs)) {
        const full = estimate(tally, tally.measures[id]!);
        const whole = reconcile({ value: full.value, variance: (full.directionError ?? 0) ** 2 }, strata);
        totals.set(id, { value: whole.value, directionError: Math.sqrt(whole.variance) });
        parts.set(
          id,
          whole.strata.map(({ parameter: { name, layer, kind, count }, value, variance }) => {
            return { name, layer, kind, parameters: count, value, directionError: Math.sqrt(variance) };
          }),
        );
      }
    }
    const measures = { ...measureResults(evaluation, tallies, parts) };
    for (const [id, total] of totals) {
      const result = measures[id];
      // The parts tell about the whole too: the value shown is the mean of both, and it is what the parts add up to.
      if (result && result.value !== null) measures[id] = { ...(result as MeasureResult), ...total };
    }
    return { evaluation, measures, tallies };
  } finally {
    await evaluation.dispose();
  }
}

async function runRounds(
  evaluation: Evaluation,
  family: FamilyId,
  { precision, directions }: EvaluateOptions,
  onRows: (done: number, total: number) => void,
): Promise<Tally> {
  const tallies: Tally[] = [];
  let done = 0;
  let drawn = 0;
  let next = precision === undefined ? directions : Math.min(FIRST_ROUND, directions);
  let losses: readonly number[] | undefined;
  for (;;) {
    const specs = evaluation
      .shards(SHARD_EXAMPLES, drawn, next)
      .filter((spec) => (spec.family ?? family) === family);
    const total = done + specs.reduce((sum, spec) => sum + evaluation.rowsOf(spec), 0);
    for (const spec of specs) {
      onRows(done, total);
      const known = losses?.slice(spec.firstExample, spec.firstExample + spec.examples);
      tallies.push(await evaluation.runShard(spec, known));
      done += evaluation.rowsOf(spec);
      onRows(done, total);
    }
    drawn += next;
    const merged = mergeTallies(tallies);
    if (precision === undefined || drawn >= directions) return merged;
    const worst = worstError(evaluation, family, merged) / precision;
    if (worst <= 1) return merged;
    losses = merged.loss;
    // Errors fall as 1/√K; a tenth more spares another small round.
    next = Math.min(directions - drawn, Math.max(1, Math.ceil(drawn * (1.1 * worst ** 2 - 1))));
  }
}

/** The largest relative directionError among the family's measures that are defined. */
function worstError(evaluation: Evaluation, family: FamilyId, tally: Tally): number {
  const results = measureResults(evaluation, new Map([[family, tally]]), undefined, family);
  const errors = Object.values(results).flatMap((result) =>
    result.value !== null && result.directionError ? [result.directionError / Math.abs(result.value)] : [],
  );
  return Math.max(0, ...errors);
}
