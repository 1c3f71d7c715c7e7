/**
 * One checkpoint on one corpus: prepare (inspect, check, choose ε), run pieces, and turn their tally into measures.
 *
 * Pieces are independent and idempotent: a block of examples with some of their directions gives the same numbers
 * whoever runs it, whenever, next to whatever else.
 */
import type { Corpus } from "../corpus/corpus.ts";
import { targetsOf } from "../corpus/corpus.ts";
import { selectMeasures, type Measure } from "../measures/index.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import type { Family } from "../perturb/families/family.ts";
import { assertFinite } from "../perturb/finite-loss.ts";
import type { Passes } from "../perturb/passes.ts";
import type { Pair } from "../perturb/sign-feeds.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import { batchLimits, forwardLimits } from "./batch-limits.ts";
import { ConditionalLoss } from "./conditional-loss.ts";
import { planEvaluation, type EvaluationPlan, type FamilyPlan } from "./evaluation-plan.ts";
import { exactSums } from "./exact-sums.ts";
import { familySetup } from "./family-setup.ts";
import { asCentral, runForward, runPairs, type PairOutcome, type RunPairsOptions } from "./run-pairs.ts";
import type { MeasureSums, Tally } from "./tally.ts";

export type FamilyId = Family["id"];

export interface EvaluationOptions {
  /** Ids of measures; `loss` is always measured. */
  readonly measures: readonly string[];
  /** Directions each example draws. */
  readonly directions: number;
  readonly seed: number;
  /** ε by family, set by hand or by an earlier evaluation; chosen by the pilot where absent. */
  readonly epsilon?: Readonly<Partial<Record<FamilyId, number>>>;
  /** Whether the rule chose `epsilon` in an earlier evaluation, so that it need not be compared with another. */
  readonly epsilonChosen?: boolean;
  /** Pairs (example, direction) in one pass at most. */
  readonly batch: number;
  /** Which parameters to perturb; all of them where absent. */
  readonly include?: (parameter: Parameter) => boolean;
}

export interface EvaluationHooks {
  /** What is being done, in a few words. */
  readonly onStage?: (stage: string) => void;
  /** Called before each pass with the rows it holds: progress, cancellation by throwing, yielding. */
  readonly beforePass?: (rows: number) => void | Promise<void>;
}

/** Examples `[firstExample, firstExample + examples)` with directions `[firstDirection, firstDirection + directions)`. */
export interface Piece {
  /** The family of the measures; null where only the loss is wanted. */
  readonly family: FamilyId | null;
  readonly firstExample: number;
  readonly examples: number;
  readonly firstDirection: number;
  readonly directions: number;
}

/** Examples that share directions where some weights only move as a whole: no piece may cut them in two. */
export const BLOCK = 16;
/** With one direction each, at most this many examples draw a second one, to tell direction noise. */
const EXAMPLES_DRAWN_TWICE = 64;

export interface FamilyState extends Omit<FamilyPlan, "family"> {
  readonly family: Family;
  readonly passes: Passes;
  /** Whether forward differences are enough. */
  readonly forward: boolean;
}

export class Evaluation {
  readonly subject: Subject;
  readonly corpus: Corpus;
  readonly options: EvaluationOptions;
  readonly measures: readonly Measure[];
  readonly families: ReadonlyMap<FamilyId, FamilyState>;
  /** Absent where the excess loss is not asked for, or the language of the corpus is not known. */
  private readonly conditionalLoss: ConditionalLoss | undefined;
  private readonly hooks: EvaluationHooks;

  /**
   * An evaluation as `plan` says, with nothing checked or chosen again.
   *
   * @throws UnsupportedModelError where the language of the corpus has more words than the model.
   */
  constructor(
    subject: Subject,
    runtime: Runtime,
    corpus: Corpus,
    options: EvaluationOptions,
    plan: EvaluationPlan,
    hooks: EvaluationHooks = {},
  ) {
    this.subject = subject;
    this.corpus = corpus;
    this.options = options;
    this.measures = selectMeasures(options.measures);
    this.hooks = hooks;
    this.families = new Map(
      plan.map(({ family: id, check, step }) => {
        const { family, passes, forward, moves } = familySetup(id, subject, runtime, corpus, options);
        return [id, { family, passes, check, step, forward: forward && moves }];
      }),
    );
    const wantsExcess = this.measures.some(({ forward }) => forward === "excess");
    const { conditionals } = corpus;
    this.conditionalLoss =
      wantsExcess && conditionals ? new ConditionalLoss(subject, runtime, corpus, conditionals) : undefined;
  }

  /**
   * Inspects the model, checks every rewriting of it against moved weights, and chooses ε.
   *
   * @throws UnsupportedModelError, SelfCheckError, NonFiniteLossError; what the runtime throws when memory runs out.
   */
  static async prepare(
    original: Graph,
    runtime: Runtime,
    corpus: Corpus,
    options: EvaluationOptions,
    hooks: EvaluationHooks = {},
  ): Promise<Evaluation> {
    hooks.onStage?.("inspecting");
    const subject = await prepareSubject(original, runtime, corpus);
    const plan = await planEvaluation(original, subject, runtime, corpus, options, hooks);
    return new Evaluation(subject, runtime, corpus, options, plan, hooks);
  }

  /** What preparing found out: with it others go on from here. */
  get plan(): EvaluationPlan {
    return [...this.families].map(([family, { check, step }]) => ({ family, check, step }));
  }

  /** The pieces of directions `[first, first + count)`, of at most `examples` examples. */
  pieces(examples: number, firstDirection = 0, directions = this.options.directions): Piece[] {
    const size = Math.max(BLOCK, Math.ceil(examples / BLOCK) * BLOCK);
    const total = this.corpus.examples.length;
    const pieces: Piece[] = [];
    for (const [id, { step }] of this.families) {
      const measured = this.measures.some(({ family }) => family?.id === id);
      for (let first = 0; first < total; first += size) {
        pieces.push({
          family: measured ? id : null,
          firstExample: first,
          examples: Math.min(size, total - first),
          firstDirection,
          directions: step ? directions : 0,
        });
      }
    }
    return pieces;
  }

  /** Rows that a piece runs through the model, for progress. */
  rowsOf(piece: Piece): number {
    const { forward } = this.families.get(piece.family ?? "rank-one")!;
    return piece.examples + (forward ? 1 : 2) * this.pairsOf(piece).length;
  }

  /**
   * Runs one piece.
   *
   * @param earlier the same examples' tally from an earlier round, which saves running them at θ again.
   * @throws NonFiniteLossError
   */
  async runPiece(piece: Piece, earlier?: Tally): Promise<Tally> {
    const tally = await this.tallyPasses(piece, earlier);
    return { ...tally, excess: earlier?.excess ?? (await this.excess(piece)) };
  }

  /** The piece without its excess loss, which needs a session of its own. */
  async tallyPasses(piece: Piece, earlier?: Tally): Promise<Tally> {
    const { corpus } = this;
    const { passes, step, forward } = this.families.get(piece.family ?? "rank-one")!;
    const range = examplesOf(piece);
    const pairs = this.pairsOf(piece);
    const { base, exact, outcomes } = await (forward
      ? this.runForward(passes, step!.epsilon, pairs)
      : this.runCentral(passes, step?.epsilon ?? null, range, pairs, earlier));
    assertFinite(base, piece.firstExample);
    const unitSize = unitSizeOf(passes);
    return {
      firstExample: piece.firstExample,
      firstDirection: piece.firstDirection,
      unitSize,
      tokens: range.map((i) => targetsOf(corpus.examples[i]!, corpus.objective).length),
      loss: base,
      excess: null,
      directions: range.map((i) => this.directionsOf(i, piece)),
      exact,
      measures: Object.fromEntries(
        this.measures
          .filter(({ family }) => family?.id === piece.family && family !== null)
          .map((measure) => [
            measure.id,
            sums(measure, outcomes, base, piece, unitSize, step?.epsilon ?? NaN),
          ]),
      ),
    };
  }

  /**
   * [example]: what `Tally.excess` says of the piece's examples. It needs no directions, so the pieces of one family
   * tell it for all: null for those of others, and where it is not asked for or not known.
   */
  async excess(piece: Piece): Promise<Tally["excess"]> {
    const [first] = this.families.keys();
    if (!this.conditionalLoss || (piece.family !== null && piece.family !== first)) return null;
    return this.conditionalLoss.excess(examplesOf(piece), batchLimits(this.subject, this.options));
  }

  /** What is known at θ, once an example, and outcomes at θ ± εv; no outcomes without an ε. */
  private async runCentral(
    passes: Passes,
    epsilon: number | null,
    range: readonly number[],
    pairs: readonly Pair[],
    earlier: Tally | undefined,
  ): Promise<PieceOutcome> {
    const run = this.runOptions(passes);
    const still = {
      ...run,
      limits: { ...run.limits, pairs: 2 * run.limits.pairs, tokens: 2 * run.limits.tokens },
    };
    const atRest = async () => {
      const found = await runPairs(
        still,
        range.map((example) => ({ example, direction: 0 })),
        "base",
        0,
      );
      return { base: found.map(({ loss: [value] }) => value!), exact: exactSums(passes.exact, found) };
    };
    const { base, exact } = earlier ? { base: earlier.loss, exact: earlier.exact } : await atRest();
    assertFinite(base, range[0]);
    const outcomes = epsilon === null ? [] : await runPairs(run, pairs, "central", epsilon);
    return { base, exact, outcomes };
  }

  /** What is known at θ and outcomes at θ + εv, from the same passes. */
  private async runForward(passes: Passes, epsilon: number, pairs: readonly Pair[]): Promise<PieceOutcome> {
    const found = await runForward(this.forwardOptions(passes), pairs, epsilon);
    const still = [...new Map(found.map((outcome) => [outcome.pair.example, outcome])).values()];
    return {
      base: still.map(({ base }) => base),
      exact: exactSums(passes.exact, still),
      outcomes: found.map(asCentral),
    };
  }

  /** Rows at θ take room beside the pairs, of which a pass can then hold nearly twice as many. */
  private forwardOptions(passes: Passes): RunPairsOptions {
    return { ...this.runOptions(passes), limits: forwardLimits(this.subject, this.options) };
  }

  /** How many examples draw directions together. */
  unitSize(family: FamilyId): number {
    return unitSizeOf(this.families.get(family)!.passes);
  }

  /** Examples that draw directions together: each on its own, or blocks where some weights only move as a whole. */
  units(family: FamilyId): number[][] {
    const size = this.unitSize(family);
    const total = this.corpus.examples.length;
    return Array.from({ length: Math.ceil(total / size) }, (_, unit) =>
      Array.from({ length: Math.min(size, total - unit * size) }, (_, i) => unit * size + i),
    );
  }

  /** Outcomes of any pairs at θ ± εv, in their order. */
  async outcomes(family: FamilyId, pairs: readonly Pair[]): Promise<PairOutcome[]> {
    const { passes, step } = this.families.get(family)!;
    return runPairs(this.runOptions(passes), pairs, "central", step!.epsilon);
  }

  private runOptions(passes: Passes): RunPairsOptions {
    return {
      passes,
      examples: this.corpus.examples,
      limits: batchLimits(this.subject, this.options),
      ...(this.hooks.beforePass && { beforePass: this.hooks.beforePass }),
    };
  }

  async dispose(): Promise<void> {
    for (const { passes } of this.families.values()) await passes.dispose();
    await this.conditionalLoss?.dispose();
  }

  private pairsOf(piece: Piece): Pair[] {
    const { passes } = this.families.get(piece.family ?? "rank-one")!;
    const blocks = unitSizeOf(passes) > 1;
    const pairs: Pair[] = [];
    for (const example of examplesOf(piece)) {
      const block = blocks ? { block: example - (example % BLOCK) } : {};
      for (let k = 0; k < this.directionsOf(example, piece); k++) {
        pairs.push({ example, direction: piece.firstDirection + k, ...block });
      }
    }
    return pairs;
  }

  private directionsOf(example: number, { firstDirection, directions }: Piece): number {
    if (directions !== 1 || firstDirection !== 0) return directions;
    const { passes } = this.families.values().next().value!;
    return directionsDrawn(example, this.corpus.examples.length, unitSizeOf(passes));
  }
}

/** Of an example that is asked for one direction: some draw two, or nothing could be said of direction noise. */
function directionsDrawn(example: number, examples: number, unitSize: number): number {
  const stride = Math.ceil(examples / EXAMPLES_DRAWN_TWICE);
  return unitSize > 1 || example % stride === 0 ? 2 : 1;
}

function examplesOf({ firstExample, examples }: Piece): number[] {
  return Array.from({ length: examples }, (_, i) => firstExample + i);
}

interface PieceOutcome {
  /** [example]: ℓ_i(θ), nats. */
  readonly base: readonly number[];
  readonly exact: Tally["exact"];
  readonly outcomes: readonly PairOutcome[];
}

function unitSizeOf({ shared, oneByOne }: Passes): number {
  return shared && !oneByOne ? BLOCK : 1;
}

function sums(
  measure: Measure,
  outcomes: readonly PairOutcome[],
  base: readonly number[],
  { firstExample, examples }: Piece,
  unitSize: number,
  epsilon: number,
): MeasureSums {
  const sum = Array<number>(examples).fill(0);
  const units = Math.ceil(examples / unitSize);
  const perDirection = Array.from({ length: units }, () => new Map<number, number>());
  for (const { pair, loss: losses, first, squaredDifference } of outcomes) {
    const i = pair.example - firstExample;
    const value = measure.estimate(
      { base: base[i]!, plus: losses[0] ?? NaN, minus: losses[1] ?? NaN, first, squaredDifference },
      epsilon,
    );
    sum[i]! += value;
    const unit = perDirection[Math.floor(i / unitSize)]!;
    unit.set(pair.direction, (unit.get(pair.direction) ?? 0) + value);
  }
  const squares = perDirection.map((totals) => {
    let square = 0;
    for (const total of totals.values()) square += total * total;
    return square;
  });
  return { sum, squares };
}
