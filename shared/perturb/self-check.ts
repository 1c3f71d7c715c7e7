/**
 * Every rewritten model is checked before its numbers are trusted: at ε = 0 it must equal the original, and along one
 * random direction per example it must equal the model whose weights were really moved, W + ε a bᵀ. Traces that are
 * taken exactly must be the mean over such directions.
 */
import { targetsOf } from "../corpus/corpus.ts";
import type { Graph } from "../onnx/graph.ts";
import { roundsActivations } from "../onnx/canonical/integers.ts";
import { inputFeeds, modelInputs } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import { checkExactTraces } from "./exact-check.ts";
import { assertFinite } from "./finite-loss.ts";
import { Passes, type PassesOptions } from "./passes.ts";
import { SelfCheckError } from "./self-check-error.ts";
import type { Pair } from "./sign-feeds.ts";
import type { Participation } from "./participation.ts";
import type { Subject } from "./subject.ts";

export { SelfCheckError } from "./self-check-error.ts";

export interface SelfCheck {
  /** Largest difference of an example's loss at ε = 0 from the original model's, nats. */
  readonly atRest: number;
  /** Largest difference of an example's loss along a direction from the moved model's, nats. */
  readonly moved: number;
  /** Largest change of an example's loss along the direction, nats: what `moved` is to be compared with. */
  readonly change: number;
  /** The ε of the direction. */
  readonly epsilon: number;
}

export interface SelfCheckOptions extends Omit<PassesOptions, "materialise" | "throwaway"> {
  /** The model as it was read. */
  readonly original: Graph;
}

/** Enough to tell examples from each other; more only costs time. */
const EXAMPLES = 2;
/** Rounding of a loss that went through other kernels, nats per nat. */
const ROUNDING = { single: 5e-5, half: 2e-2 };
/** Disagreement allowed per change of the loss. */
const RELATIVE = { single: 2e-3, half: 0.1 };
/** Disagreement allowed between an exact trace and its estimate, beyond the estimate's own error. */
const EXACT = { single: 0.05, half: 0.15 };
/** A step that changes the loss by more than this turns rounding into noise. */
const LARGEST_CHANGE = 1;
/** Weights moved at once: a quarter of them, so that copies are small beside the model, but at least and at most (8 to 128 MiB). */
const GROUP_ELEMENTS = { least: 2 ** 21, most: 2 ** 25 };
const FIRST_EPSILON = 2 ** -3;
const LAST_EPSILON = 2 ** -20;

/** @throws SelfCheckError with the difference found; NonFiniteLossError where there is nothing to compare. */
export async function selfCheck(options: SelfCheckOptions): Promise<SelfCheck> {
  const { subject, examples } = options;
  const checked = Math.min(EXAMPLES, examples.length);
  const precision = isHalf(subject.graph) ? "half" : "single";

  const original = await originalLosses(options, checked);
  assertFinite(original);
  const scale = 1 + Math.max(...original.map(Math.abs));
  // What is exact later moves here as well: the directions checked are what it is compared with.
  const passes = new Passes({ ...options, exact: [] });
  const groups: MovedGroup[] = [];
  // All of them before the rewritten model is loaded: two copies of a large model need not fit.
  for (const only of groupsOf(subject, passes.participation)) {
    groups.push(await moveWeights(options, passes.participation, only, original, scale));
  }
  try {
    const atRest = largestDifference(await losses(passes, pairsOf(checked), "base", 0), original);
    if (!(atRest <= ROUNDING[precision] * scale)) {
      throw new SelfCheckError(
        `The rewritten model's loss differs from the original's by ${atRest.toExponential(1)} nats before any weight ` +
          "moves; please report this model.",
      );
    }
    let worst: SelfCheck = { atRest, moved: 0, change: 0, epsilon: 0 };
    for (const { only, truth, change, epsilon } of groups) {
      const moved = largestDifference(await losses(passes, pairsOf(checked, only), "single", epsilon), truth);
      if (!(moved <= ROUNDING[precision] * scale + RELATIVE[precision] * change)) {
        throw new SelfCheckError(
          `Moved by ε = ${epsilon}, the rewritten model's loss differs by ${moved.toExponential(1)} nats from that of ` +
            `the model with moved weights (which changed by ${change.toExponential(1)}); please report this model.`,
        );
      }
      if (moved >= worst.moved) worst = { atRest, moved, change, epsilon };
    }
    const exactly = await checkExactTraces(options, passes, checked, EXACT[precision]);
    if (exactly && !(largestDifference(exactly, original) <= ROUNDING[precision] * scale)) {
      throw new SelfCheckError(
        "With exact traces among its outputs the rewritten model's loss is another; please report this model.",
      );
    }
    return worst;
  } finally {
    await passes.dispose();
  }
}

/** Parameters that are moved together, and the losses of the model whose weights were really moved. */
interface MovedGroup {
  readonly only: ReadonlySet<number>;
  readonly truth: readonly number[];
  readonly change: number;
  readonly epsilon: number;
}

/** Parameters in groups of bounded size: moved weights are copies, and ONNX Runtime may make all of them at once. */
function groupsOf({ parameters }: Subject, participation: readonly Participation[]): Set<number>[] {
  const groups: Set<number>[] = [];
  const quarter = parameters.reduce((sum, { count }) => sum + count, 0) / 4;
  const most = Math.min(GROUP_ELEMENTS.most, Math.max(GROUP_ELEMENTS.least, quarter));
  let size = Infinity;
  for (const { index, count } of parameters) {
    if (participation[index]!.mode === "none") continue;
    size += count;
    if (size > most) {
      groups.push(new Set());
      size = count;
    }
    groups[groups.length - 1]!.add(index);
  }
  return groups;
}

async function moveWeights(
  options: PassesOptions,
  participation: readonly Participation[],
  only: ReadonlySet<number>,
  original: readonly number[],
  scale: number,
): Promise<MovedGroup> {
  const { subject } = options;
  const materialised = new Passes({
    ...options,
    // Without layouts no row is gathered early, so that the head of the materialised model stays as it was.
    subject: { ...subject, layouts: new Map([[subject.logits, subject.layouts.get(subject.logits)!]]) },
    materialise: participation.map((each, index) =>
      only.has(index) || each.mode === "none" ? each : { mode: "none", reason: "moved in another group" },
    ),
    throwaway: true,
  });
  try {
    for (let epsilon = FIRST_EPSILON; ; epsilon /= 2) {
      const truth: number[] = [];
      // A pair at a time: the materialised model has one direction for all rows.
      for (const pair of pairsOf(original.length))
        truth.push(...(await losses(materialised, [pair], "single", epsilon)));
      const change = largestDifference(truth, original);
      if (change <= LARGEST_CHANGE * scale || epsilon <= LAST_EPSILON)
        return { only, truth, change, epsilon };
    }
  } finally {
    await materialised.dispose();
  }
}

function pairsOf(examples: number, only?: ReadonlySet<number>): Pair[] {
  return Array.from({ length: examples }, (_, example) => ({ example, direction: 0, ...(only && { only }) }));
}

/** Losses of the pairs; one run a pair where a run has one direction. */
async function losses(
  passes: Passes,
  pairs: readonly Pair[],
  groups: "base" | "single",
  epsilon: number,
): Promise<number[]> {
  const batches = passes.shared ? pairs.map((pair) => [pair]) : [pairs];
  const found: number[] = [];
  for (const batch of batches) found.push(...(await passes.run(batch, groups, epsilon)).loss[0]!);
  return found;
}

async function originalLosses(
  { original, subject, runtime, objective, examples }: SelfCheckOptions,
  count: number,
): Promise<number[]> {
  // Where activations were rounded to integers, the model in floating point is the one to compare with.
  const rounded = roundsActivations(original);
  const graph = rounded ? subject.graph : original;
  const name = rounded ? subject.logits : subject.output;
  const session = await runtime.createSession(writeModel(graph), { throwaway: true });
  try {
    const found: number[] = [];
    for (const example of examples.slice(0, count)) {
      const length = subject.inputs.fixedLength ?? example.inputIds.length;
      const output = await session.run(inputFeeds(graph, modelInputs(graph), [example], length));
      const logits = output[name]!.data as Float32Array;
      const row = (t: number) => logits.subarray(t * subject.vocabulary, (t + 1) * subject.vocabulary);
      found.push(
        targetsOf(example, objective).reduce(
          (sum, { position, label }) => sum + crossEntropy(row(position), label),
          0,
        ),
      );
    }
    return found;
  } finally {
    await session.dispose();
  }
}

/** −log softmax(z)[label], nats, in float64. */
function crossEntropy(z: Float32Array, label: number): number {
  const largest = z.reduce((max, value) => Math.max(max, value), -Infinity);
  const sum = z.reduce((total, value) => total + Math.exp(value - largest), 0);
  return largest + Math.log(sum) - z[label]!;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

function isHalf({ initializers }: Graph): boolean {
  return [...initializers.values()].some(
    ({ dataType, dims }) =>
      dims.length > 1 && (dataType === DataType.FLOAT16 || dataType === DataType.BFLOAT16),
  );
}
