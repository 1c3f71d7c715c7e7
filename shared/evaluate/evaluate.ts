/** A whole evaluation in one process: pieces in rounds until the budget or the precision is reached, then the parts. */
import type { Corpus } from "../corpus/corpus.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Runtime } from "../runtime.ts";
import { Evaluation, type EvaluationHooks, type EvaluationOptions, type FamilyId } from "./evaluation.ts";
import { stratify } from "./per-tensor.ts";
import { measureResults, type MeasureResults, type TensorResult } from "./result.ts";
import { splitTrace } from "./split-trace.ts";
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

/** Examples of a piece: progress and memory, not precision, depend on it. */
export const PIECE_EXAMPLES = 256;
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
    for (const [family, { step }] of evaluation.families) {
      hooks.onStage?.(step ? `measuring along ${family} directions` : "measuring");
      let reached = done;
      const tally = await runRounds(evaluation, family, options, (rows, total) => {
        reached = done + rows;
        hooks.onRows?.(reached, done + total);
      });
      done = reached;
      tallies.set(family, tally);
      const measured = evaluation.measures.filter((measure) => measure.family?.id === family);
      if (!options.perLayer || measured.length === 0) continue;
      hooks.onStage?.(`splitting ${family} traces by tensor`);
      const pairs = tally.directions.reduce((sum, k) => sum + k, 0);
      const strata = step ? await stratify(evaluation, family, tally.loss, pairs) : null;
      for (const measure of measured) {
        parts.set(measure.id, splitTrace(evaluation, tally, measure, strata?.get(measure.id) ?? []));
      }
    }
    const measures = measureResults(evaluation, tallies, parts);
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
  const firstRound = new Map<number, Tally>();
  for (;;) {
    const pieces = evaluation
      .pieces(PIECE_EXAMPLES, drawn, next)
      .filter((piece) => (piece.family ?? family) === family);
    const total = done + pieces.reduce((sum, piece) => sum + evaluation.rowsOf(piece), 0);
    for (const piece of pieces) {
      onRows(done, total);
      const tally = await evaluation.runPiece(piece, firstRound.get(piece.firstExample));
      if (drawn === 0) firstRound.set(piece.firstExample, tally);
      tallies.push(tally);
      done += evaluation.rowsOf(piece);
      onRows(done, total);
    }
    drawn += next;
    const merged = mergeTallies(tallies);
    if (precision === undefined || drawn >= directions) return merged;
    const worst = worstError(evaluation, family, merged) / precision;
    if (worst <= 1) return merged;
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
