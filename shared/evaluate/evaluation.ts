/**
 * One checkpoint on one corpus: prepare (inspect, check, choose ε), run shards, and turn their tally into measures.
 *
 * Shards are independent and idempotent: a block of examples with some of their directions gives the same numbers
 * whoever runs it, whenever, next to whatever else.
 */
import type { Corpus } from "../corpus/corpus.ts";
import { targetsOf } from "../corpus/corpus.ts";
import { selectMeasures, type Measure } from "../measures/index.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Parameter } from "../onnx/parameters.ts";
import type { Family } from "../perturb/families/family.ts";
import { rankOne } from "../perturb/families/rank-one.ts";
import { assertFinite } from "../perturb/finite-loss.ts";
import { Passes } from "../perturb/passes.ts";
import type { Pair } from "../perturb/sign-feeds.ts";
import { selfCheck, type SelfCheck } from "../perturb/self-check.ts";
import type { StepChoice, TraceName } from "../perturb/step-size.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import type { BatchLimits } from "./batches.ts";
import { ConditionalLoss } from "./conditional-loss.ts";
import { exactKinds, exactSums } from "./exact-sums.ts";
import { runPilot } from "./pilot.ts";
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

/** A piece of an evaluation: examples `[firstExample, firstExample + examples)` × directions `[firstDirection, …)`. */
export interface ShardSpec {
  /** The family of the measures; null where only the loss is wanted. */
  readonly family: FamilyId | null;
  readonly firstExample: number;
  readonly examples: number;
  readonly firstDirection: number;
  readonly directions: number;
}

/** Tokens of a pass: enough to keep kernels busy, few enough for the activations of a wide model. */
const TOKENS_PER_PASS = 4096;
/** Examples that share directions where some weights only move as a whole. */
const BLOCK = 16;
/** With one direction each, at most this many examples draw a second one, to tell direction noise. */
const EXAMPLES_DRAWN_TWICE = 64;

interface FamilyState {
  readonly family: Family;
  readonly passes: Passes;
  readonly check: SelfCheck;
  /** Absent where nothing moves: only the loss is measured, or all that was selected is exact. */
  readonly step: StepChoice | null;
  /** Whether forward differences are enough: they are where nothing but Fisher traces is asked of the family. */
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

  private constructor(
    subject: Subject,
    corpus: Corpus,
    options: EvaluationOptions,
    families: ReadonlyMap<FamilyId, FamilyState>,
    conditionalLoss: ConditionalLoss | undefined,
    hooks: EvaluationHooks,
  ) {
    this.subject = subject;
    this.corpus = corpus;
    this.options = options;
    this.measures = selectMeasures(options.measures);
    this.families = families;
    this.conditionalLoss = conditionalLoss;
    this.hooks = hooks;
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
    const measures = selectMeasures(options.measures);
    const wanted = new Set(measures.flatMap(({ family }) => (family ? [family] : [])));
    const families = new Map<FamilyId, FamilyState>();
    for (const family of wanted.size > 0 ? wanted : [rankOne]) {
      const include = wanted.size > 0 ? options.include : () => false;
      const base = {
        subject,
        runtime,
        family,
        objective: corpus.objective,
        examples: corpus.examples,
        seed: options.seed,
        ...(include && { include }),
        exact: exactKinds(measures.filter((measure) => measure.family === family)),
      };
      hooks.onStage?.("checking");
      await hooks.beforePass?.(0);
      const check = await selfCheck({ ...base, original });
      const passes = new Passes(base);
      const traces = measures.filter((measure) => measure.family === family).map(traceName);
      // A row at θ is needed anyway, for the loss; another half a direction is then never cheaper.
      const forward = !passes.shared && traces.length > 0 && traces.every((name) => name === "fisher");
      const moves = passes.participation.some(({ mode }) => mode === "example" || mode === "shared");
      let step: StepChoice | null = null;
      if (wanted.size > 0 && moves) {
        hooks.onStage?.("choosing ε");
        const epsilon = options.epsilon?.[family.id];
        step = await runPilot({
          passes,
          corpus,
          examples: corpus.examples,
          limits: forward ? forwardLimits(subject, options) : batchLimits(subject, options),
          directions: options.directions,
          wanted: traces,
          forward,
          ...(hooks.beforePass && { beforePass: hooks.beforePass }),
          ...(epsilon !== undefined && { epsilon }),
        });
      }
      await passes.dispose();
      families.set(family.id, { family, passes, check, step, forward: forward && moves });
    }
    const wantsExcess = measures.some(({ forward }) => forward === "excess");
    const { conditionals } = corpus;
    const conditionalLoss =
      wantsExcess && conditionals ? new ConditionalLoss(subject, runtime, corpus, conditionals) : undefined;
    return new Evaluation(subject, corpus, options, families, conditionalLoss, hooks);
  }

  /** The shards of directions `[first, first + count)`, in blocks of at most `examples` examples. */
  shards(examples: number, firstDirection = 0, directions = this.options.directions): ShardSpec[] {
    // A block of shared directions must not be cut in two.
    const size = Math.max(BLOCK, Math.ceil(examples / BLOCK) * BLOCK);
    const total = this.corpus.examples.length;
    const specs: ShardSpec[] = [];
    for (const [id, { step }] of this.families) {
      const measured = this.measures.some(({ family }) => family?.id === id);
      for (let first = 0; first < total; first += size) {
        specs.push({
          family: measured ? id : null,
          firstExample: first,
          examples: Math.min(size, total - first),
          firstDirection,
          directions: step ? directions : 0,
        });
      }
    }
    return specs;
  }

  /** Rows that a shard runs through the model, for progress. */
  rowsOf(spec: ShardSpec): number {
    const { forward } = this.families.get(spec.family ?? "rank-one")!;
    return spec.examples + (forward ? 1 : 2) * this.pairsOf(spec).length;
  }

  /**
   * Runs one shard.
   *
   * @param earlier the same examples' tally from an earlier round, which saves running them at θ again.
   * @throws NonFiniteLossError
   */
  async runShard(spec: ShardSpec, earlier?: Tally): Promise<Tally> {
    const { corpus } = this;
    const { passes, step, forward } = this.families.get(spec.family ?? "rank-one")!;
    const range = Array.from({ length: spec.examples }, (_, i) => spec.firstExample + i);
    const pairs = this.pairsOf(spec);
    const { base, exact, outcomes } = await (forward
      ? this.runForward(passes, step!.epsilon, pairs)
      : this.runCentral(passes, step?.epsilon ?? null, range, pairs, earlier));
    assertFinite(base, spec.firstExample);
    const unitSize = unitSizeOf(passes);
    return {
      firstExample: spec.firstExample,
      firstDirection: spec.firstDirection,
      unitSize,
      tokens: range.map((i) => targetsOf(corpus.examples[i]!, corpus.objective).length),
      loss: base,
      excess: await this.excessOf(spec, range, earlier),
      directions: range.map((i) => this.directionsOf(i, spec)),
      exact,
      measures: Object.fromEntries(
        this.measures
          .filter(({ family }) => family?.id === spec.family && family !== null)
          .map((measure) => [
            measure.id,
            sums(measure, outcomes, base, spec, unitSize, step?.epsilon ?? NaN),
          ]),
      ),
    };
  }

  /** It needs no directions, so the shards of one family tell it for all. */
  private async excessOf(
    { family }: ShardSpec,
    range: readonly number[],
    earlier: Tally | undefined,
  ): Promise<Tally["excess"]> {
    const [first] = this.families.keys();
    if (!this.conditionalLoss || (family !== null && family !== first)) return null;
    return earlier?.excess ?? this.conditionalLoss.excess(range, batchLimits(this.subject, this.options));
  }

  /** What is known at θ, once an example, and outcomes at θ ± εv; no outcomes without an ε. */
  private async runCentral(
    passes: Passes,
    epsilon: number | null,
    range: readonly number[],
    pairs: readonly Pair[],
    earlier: Tally | undefined,
  ): Promise<ShardOutcome> {
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
  private async runForward(passes: Passes, epsilon: number, pairs: readonly Pair[]): Promise<ShardOutcome> {
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

  /** Examples that draw directions together: each on its own, or blocks where some weights only move as a whole. */
  units(family: FamilyId): number[][] {
    const { passes } = this.families.get(family)!;
    const size = unitSizeOf(passes);
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

  private pairsOf(spec: ShardSpec): Pair[] {
    const { passes } = this.families.get(spec.family ?? "rank-one")!;
    const blocks = unitSizeOf(passes) > 1;
    const pairs: Pair[] = [];
    for (let example = spec.firstExample; example < spec.firstExample + spec.examples; example++) {
      const block = blocks ? { block: example - (example % BLOCK) } : {};
      for (let k = 0; k < this.directionsOf(example, spec); k++) {
        pairs.push({ example, direction: spec.firstDirection + k, ...block });
      }
    }
    return pairs;
  }

  /** With one direction an example, some draw two: without that nothing could be said of direction noise. */
  private directionsOf(example: number, { firstDirection, directions }: ShardSpec): number {
    if (directions !== 1 || firstDirection !== 0) return directions;
    const total = this.corpus.examples.length;
    const stride = Math.ceil(total / EXAMPLES_DRAWN_TWICE);
    const { passes } = this.families.values().next().value!;
    return unitSizeOf(passes) > 1 || example % stride === 0 ? 2 : 1;
  }
}

interface ShardOutcome {
  /** [example]: ℓ_i(θ), nats. */
  readonly base: readonly number[];
  readonly exact: Tally["exact"];
  readonly outcomes: readonly PairOutcome[];
}

function unitSizeOf({ shared, oneByOne }: Passes): number {
  return shared && !oneByOne ? BLOCK : 1;
}

function batchLimits({ inputs, oneByOne }: Subject, { batch }: EvaluationOptions): BatchLimits {
  return { pairs: batch, tokens: TOKENS_PER_PASS / 2, padding: inputs.takesMask || oneByOne };
}

/** Passes of forward differences with as many rows as those of central ones. */
function forwardLimits(subject: Subject, options: EvaluationOptions): BatchLimits {
  const { pairs, tokens, padding } = batchLimits(subject, options);
  const share = (2 * options.directions) / (options.directions + 1);
  return { pairs: Math.max(1, Math.floor(pairs * share)), tokens: Math.floor(tokens * share), padding };
}

/** Which of the pilot's traces tells about a measure. */
export function traceName(measure: Measure): TraceName {
  if (measure.secondDifference) return "hessian";
  return measure.id.startsWith("empirical") ? "empirical" : "fisher";
}

function sums(
  measure: Measure,
  outcomes: readonly PairOutcome[],
  base: readonly number[],
  { firstExample, examples }: ShardSpec,
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
