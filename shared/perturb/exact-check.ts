/** Exact traces against their estimates along random directions of the same parameters: the two must agree. */
import { targetsOf } from "../corpus/corpus.ts";
import { Passes, type PassesOptions } from "./passes.ts";
import { SelfCheckError } from "./self-check-error.ts";
import type { Pair } from "./sign-feeds.ts";

/** Directions along which an exact trace is estimated. */
const DIRECTIONS = 64;
/** Standard deviation of the change of a token's logits: small for the loss, far above rounding, even in half precision. */
const LOGIT_CHANGE = 0.05;
/** Standard errors that the estimate may be away. */
const DEVIATIONS = 6;
/** Tokens in a pass: few enough for the activations of a wide model. */
const TOKENS_PER_PASS = 512;

/**
 * @param moving passes in which every parameter moves, already checked against moved weights.
 * @param count examples whose losses are wanted, the first ones; traces are checked on the first alone.
 * @param relative how far the estimate may be away in any case, relative to it.
 * @returns losses of the examples at θ from the graph that gives exact traces; null where nothing is exact.
 * @throws SelfCheckError where a trace is more than six standard errors away.
 */
export async function checkExactTraces(
  options: PassesOptions,
  moving: Passes,
  count: number,
  relative: number,
): Promise<number[] | null> {
  const still = new Passes(options);
  if (still.exact.length === 0) return null;
  // Two sessions of a large model at once would double its memory; the other one is made again when it runs.
  await moving.dispose();
  const tokens = targetsOf(options.examples[0]!, options.objective).length;
  const losses: number[] = [];
  let traces: number[] = [];
  try {
    for (let example = 0; example < count; example++) {
      const { loss, exact } = await still.run([{ example, direction: 0 }], "base", 0);
      losses.push(loss[0]![0]!);
      if (example === 0) traces = exact.map(([sum]) => sum!);
    }
  } finally {
    await still.dispose();
  }

  const parameters = new Set(still.exact.map(({ parameter }) => parameter));
  // Whatever else moves as a whole need not hold up these parameters, of which each row has its own direction.
  const alone = moving.shared
    ? new Passes({ ...options, exact: [], include: ({ index }) => parameters.has(index) })
    : null;
  try {
    for (const parameter of parameters) {
      const largest = Math.max(
        ...still.exact.map((each, i) => (each.parameter === parameter ? traces[i]! : 0)),
      );
      const epsilon = largest > 0 ? LOGIT_CHANGE / Math.sqrt(largest / tokens) : LOGIT_CHANGE;
      const estimates = await alongDirections(alone ?? moving, options, parameter, epsilon);
      still.exact.forEach((output, i) => {
        if (output.parameter !== parameter) return;
        const { mean, error } = estimates[output.kind];
        if (Math.abs(traces[i]! - mean) <= DEVIATIONS * error + relative * Math.abs(mean)) return;
        throw new SelfCheckError(
          `The exact trace (${output.kind}) of '${options.subject.parameters[parameter]!.name}' is ` +
            `${traces[i]!.toPrecision(3)}, but ${mean.toPrecision(3)} ± ${error.toPrecision(2)} along ` +
            `${DIRECTIONS} random directions; please report this model.`,
        );
      });
    }
  } finally {
    await alone?.dispose();
  }
  return losses;
}

interface TraceEstimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly error: number;
}

/** Both kinds of traces of one parameter on the first example, as means over directions. */
async function alongDirections(
  passes: Passes,
  { examples }: PassesOptions,
  parameter: number,
  epsilon: number,
): Promise<Record<"curvature" | "empirical", TraceEstimate>> {
  const perPass = Math.max(1, Math.floor(TOKENS_PER_PASS / (2 * examples[0]!.inputIds.length)));
  const values = { curvature: [] as number[], empirical: [] as number[] };
  for (let first = 0; first < DIRECTIONS; first += perPass) {
    const drawn = Math.min(perPass, DIRECTIONS - first);
    const pairs = Array.from({ length: drawn }, (_, k): Pair => ({
      example: 0,
      direction: first + k,
      only: parameter,
    }));
    const found = await passes.run(pairs, "central", epsilon);
    for (let k = 0; k < drawn; k++) {
      values.curvature.push(found.first[k]! / (4 * epsilon ** 2));
      values.empirical.push(found.squaredDifference[k]! / (4 * epsilon ** 2));
    }
  }
  return { curvature: meanOf(values.curvature), empirical: meanOf(values.empirical) };
}

function meanOf(values: readonly number[]): TraceEstimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}
