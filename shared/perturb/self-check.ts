/**
 * Every rewritten model is checked before its numbers are trusted: at ε = 0 it must equal the original, and along one
 * random direction per example it must equal the model whose weights were really moved, W + ε a bᵀ.
 */
import { targetsOf, type Example, type Objective } from "../corpus/corpus.ts";
import { PlateauError } from "../errors.ts";
import type { Graph } from "../onnx/graph.ts";
import { roundsActivations } from "../onnx/canonical/integers.ts";
import { inputFeeds, modelInputs } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { Runtime } from "../runtime.ts";
import type { Family } from "./families/family.ts";
import { assertFinite } from "./finite-loss.ts";
import { Passes, type Pair, type PassesOptions } from "./passes.ts";
import type { Subject } from "./subject.ts";

/** The rewritten graph does not compute what it should: a defect of Plateau. No number of it may be shown. */
export class SelfCheckError extends PlateauError {}

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

export interface SelfCheckOptions {
  /** The model as it was read. */
  readonly original: Graph;
  readonly subject: Subject;
  readonly runtime: Runtime;
  readonly family: Family;
  readonly objective: Objective;
  readonly examples: readonly Example[];
  readonly seed: number;
  readonly include?: PassesOptions["include"];
  /** Move this parameter alone. */
  readonly only?: number;
}

/** Enough to tell examples from each other; more only costs time. */
const EXAMPLES = 2;
/** Rounding of a loss that went through other kernels, nats per nat. */
const ROUNDING = { single: 5e-5, half: 2e-2 };
/** Disagreement allowed per change of the loss. */
const RELATIVE = { single: 2e-3, half: 0.1 };
/** A step that changes the loss by more than this turns rounding into noise. */
const LARGEST_CHANGE = 1;
const FIRST_EPSILON = 2 ** -3;
const LAST_EPSILON = 2 ** -20;

/** @throws SelfCheckError with the difference found; NonFiniteLossError where there is no loss to compare. */
export async function selfCheck(options: SelfCheckOptions): Promise<SelfCheck> {
  const { subject, runtime, family, objective, examples, seed, include, only } = options;
  const passesOptions = { subject, runtime, family, objective, examples, seed, ...(include && { include }) };
  const count = Math.min(EXAMPLES, examples.length);
  const pairs: Pair[] = Array.from({ length: count }, (_, example) => ({
    example,
    direction: 0,
    ...(only !== undefined && { only }),
  }));
  const precision = isHalf(subject.graph) ? "half" : "single";

  const original = await originalLosses(options, count);
  assertFinite(original);
  const passes = new Passes(passesOptions);
  const materialised = new Passes({
    ...passesOptions,
    // Without layouts no row is gathered early, so that the head of the materialised model stays as it was.
    subject: { ...subject, layouts: new Map([[subject.logits, subject.layouts.get(subject.logits)!]]) },
    materialise: passes.participation,
  });
  try {
    const rest = await each(passes, pairs, "base", 0);
    const atRest = largestDifference(rest, original);
    const scale = 1 + Math.max(...original.map(Math.abs));
    if (!(atRest <= ROUNDING[precision] * scale)) {
      throw new SelfCheckError(
        `The rewritten model's loss differs from the original's by ${atRest.toExponential(1)} nats before any weight moves; please report this model.`,
      );
    }
    let epsilon = FIRST_EPSILON;
    let truth: number[] = [];
    let change = Infinity;
    for (; epsilon >= LAST_EPSILON; epsilon /= 2) {
      truth = [];
      // A pair at a time: the materialised model has one direction for all rows.
      for (const pair of pairs) truth.push(...(await each(materialised, [pair], "single", epsilon)));
      change = largestDifference(truth, original);
      if (change <= LARGEST_CHANGE * scale) break;
    }
    await materialised.dispose();
    const moved = largestDifference(await each(passes, pairs, "single", epsilon), truth);
    if (!(moved <= ROUNDING[precision] * scale + RELATIVE[precision] * change)) {
      throw new SelfCheckError(
        `Moved by ε = ${epsilon}, the rewritten model's loss differs by ${moved.toExponential(1)} nats from that of the model with moved weights (which changed by ${change.toExponential(1)}); please report this model.`,
      );
    }
    return { atRest, moved, change, epsilon };
  } finally {
    await materialised.dispose();
    await passes.dispose();
  }
}

/** Losses of the pairs; one run a pair where a run has one direction. */
async function each(
  passes: Passes,
  pairs: readonly Pair[],
  groups: "base" | "single",
  epsilon: number,
): Promise<number[]> {
  const batches = passes.shared ? pairs.map((pair) => [pair]) : [pairs];
  const losses: number[] = [];
  for (const batch of batches) losses.push(...(await passes.run(batch, groups, epsilon)).loss[0]!);
  return losses;
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
    const losses: number[] = [];
    for (const example of examples.slice(0, count)) {
      const length = subject.inputs.fixedLength ?? example.inputIds.length;
      const output = await session.run(inputFeeds(graph, modelInputs(graph), [example], length));
      const logits = output[name]!.data as Float32Array;
      const row = (t: number) => logits.subarray(t * subject.vocabulary, (t + 1) * subject.vocabulary);
      losses.push(
        targetsOf(example, objective).reduce(
          (sum, { position, label }) => sum + crossEntropy(row(position), label),
          0,
        ),
      );
    }
    return losses;
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
