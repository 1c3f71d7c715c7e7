/** Runs the pilot of the step-size rule: 64 examples × 4 directions, the same ones at every ε. */
import type { Corpus } from "../corpus/corpus.ts";
import { targetsOf } from "../corpus/corpus.ts";
import { empiricalFisherTrace } from "../measures/empirical-fisher-trace.ts";
import { fisherTrace } from "../measures/fisher-trace.ts";
import { hessianTrace } from "../measures/hessian-trace.ts";
import type { Pair } from "../perturb/sign-feeds.ts";
import {
  chooseStep,
  describeChosen,
  describeStep,
  ROUNDING_EPSILON,
  type Pilot,
  type PilotPoint,
  type PilotTraces,
  type Rounding,
  type RunSize,
  type StepChoice,
  type TraceName,
} from "../perturb/step-size.ts";
import { populationError } from "./estimate.ts";
import { asCentral, runForward, runPairs, type RunPairsOptions } from "./run-pairs.ts";

const EXAMPLES = 64;
const DIRECTIONS = 4;

/** The formulas of the plain traces; the adaptive ones differ only in the directions. */
const FORMULAS = { hessian: hessianTrace, fisher: fisherTrace, empirical: empiricalFisherTrace } as const;

export interface PilotOptions extends RunPairsOptions {
  readonly corpus: Corpus;
  /** Directions of an example in the run whose noise is predicted. */
  readonly directions: number;
  readonly wanted: readonly TraceName[];
  /** Whether the run takes forward differences. */
  readonly forward: boolean;
  /** ε set by hand, or chosen earlier; chosen now where absent. */
  readonly epsilon?: number;
  readonly chosenEarlier?: boolean;
}

/** Chooses ε for the directions of `passes`, or describes the one given. */
export async function runPilot(options: PilotOptions): Promise<StepChoice> {
  const { passes, corpus, directions, wanted, forward, epsilon, chosenEarlier = false } = options;
  const pairs = pilotPairs(corpus.examples.length, passes.shared && !passes.oneByOne);
  const tokens = pairs.map(({ example }) => targetsOf(corpus.examples[example]!, corpus.objective).length);
  const total = tokens.reduce((sum, m) => sum + m, 0);

  const still = await runPairs(options, pairs, "pilot", ROUNDING_EPSILON);
  const residues = still.map(({ loss: [plus, minus, base] }) => plus! - base! + (minus! - base!));
  const squares = residues.reduce((sum, r) => sum + r * r, 0);
  const rounding: Rounding = {
    loss: Math.sqrt(squares / pairs.length),
    // Forward differences are half as long, so that their rounding weighs four times as much.
    logits: ((forward ? 4 : 1) * still.reduce((sum, { second }) => sum + second, 0)) / total,
    tokenLoss: squares / total,
  };

  const pilot: Pilot = {
    async tracesAt(step) {
      const moved = forward
        ? (await runForward(options, pairs, step)).map(asCentral)
        : await runPairs(options, pairs, "central", step);
      const each = (name: TraceName) =>
        moved.map(({ loss: [plus, minus], first, squaredDifference }, i) =>
          FORMULAS[name].estimate(
            { base: still[i]!.loss[2]!, plus: plus ?? NaN, minus: minus ?? NaN, first, squaredDifference },
            step,
          ),
        );
      return point({ hessian: each("hessian"), fisher: each("fisher"), empirical: each("empirical") });
    },
  };
  // Steps are judged by what they leave of the whole trace, so what is exact counts too.
  const known = mapTraces((name) =>
    still.reduce(
      (sum, { exact }) =>
        sum +
        passes.exact.reduce((all, { kind }, i) => (kind === FORMULAS[name].exact ? all + exact[i]! : all), 0),
      0,
    ),
  );
  type Values = Record<TraceName, number[]>;
  const point = (values: Values): PilotPoint & { values: Values } => ({
    values,
    mean: mapTraces((name) => values[name].reduce((sum, value) => sum + value, known[name]) / total),
    differenceError(other) {
      const theirs = (other as PilotPoint & { values: Values }).values;
      return mapTraces((name) => {
        const differences = values[name].map((value, i) => value - theirs[name][i]!);
        const mean = differences.reduce((sum, value) => sum + value, 0) / total;
        // Directions of one example belong together.
        const groups = pairs.map(({ example }) => String(example));
        return populationError(differences, tokens, mean, total, groups).standardError ?? NaN;
      });
    },
  });
  const size: RunSize = {
    examples: corpus.examples.length,
    directions,
    labelledTokens: corpus.labelledTokens,
  };
  if (epsilon === undefined) return chooseStep(pilot, rounding, size, wanted);
  return chosenEarlier
    ? describeChosen(pilot, rounding, size, epsilon)
    : describeStep(pilot, rounding, size, epsilon, wanted);
}

function mapTraces(f: (name: TraceName) => number): PilotTraces {
  return { hessian: f("hessian"), fisher: f("fisher"), empirical: f("empirical") };
}

/** Examples spread evenly over the corpus, each with the same few directions. */
function pilotPairs(examples: number, blocks: boolean): Pair[] {
  const count = Math.min(EXAMPLES, examples);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * examples) / count));
  return chosen.flatMap((example, i) =>
    Array.from({ length: DIRECTIONS }, (_, direction) => ({
      example,
      direction,
      // Any division into blocks will do here; sixteen neighbours share a pass.
      ...(blocks && { block: chosen[i - (i % 16)]! }),
    })),
  );
}
