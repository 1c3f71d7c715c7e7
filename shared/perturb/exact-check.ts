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
const TOKENS_PER_PASS = 2048;

/**
 * @param moving passes in which every parameter moves, already checked against moved weights.
 * @param count examples to check on: the first ones.
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
  const examples = Array.from({ length: count }, (_, example) => example);
  const rest = { losses: [] as number[], exact: still.exact.map(() => 0) };
  let tokens = 0;
  for (const example of examples) {
    tokens += targetsOf(options.examples[example]!, options.objective).length;
    const { loss, exact } = await still.run([{ example, direction: 0 }], "base", 0);
    rest.losses.push(loss[0]![0]!);
    rest.exact = rest.exact.map((sum, i) => sum + exact[i]![0]!);
  }
  await still.dispose();

  const parameters = new Set(still.exact.map(({ parameter }) => parameter));
  // Whatever else moves as a whole need not hold up these parameters, of which each row has its own direction.
  const alone = moving.shared
    ? new Passes({ ...options, exact: [], include: ({ index }) => parameters.has(index) })
    : null;
  try {
    for (const parameter of parameters) {
      const largest = Math.max(
        ...still.exact.map((each, i) => (each.parameter === parameter ? rest.exact[i]! : 0)),
      );
      const epsilon = largest > 0 ? LOGIT_CHANGE / Math.sqrt(largest / tokens) : LOGIT_CHANGE;
      const estimates = await alongDirections(alone ?? moving, options, examples, parameter, epsilon);
      still.exact.forEach((output, i) => {
        if (output.parameter !== parameter) return;
        const { mean, error } = estimates[output.kind];
        if (Math.abs(rest.exact[i]! - mean) <= DEVIATIONS * error + relative * Math.abs(mean)) return;
        throw new SelfCheckError(
          `The exact trace (${output.kind}) of '${options.subject.parameters[parameter]!.name}' is ` +
            `${rest.exact[i]!.toPrecision(3)}, but ${mean.toPrecision(3)} ± ${error.toPrecision(2)} along ` +
            `${DIRECTIONS} random directions; please report this model.`,
        );
      });
    }
  } finally {
    await alone?.dispose();
  }
  return rest.losses;
}

interface TraceEstimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly error: number;
}

/** Both kinds of traces of one parameter, summed over the examples, as means over directions. */
async function alongDirections(
  passes: Passes,
  { examples: all }: PassesOptions,
  examples: readonly number[],
  parameter: number,
  epsilon: number,
): Promise<Record<"curvature" | "empirical", TraceEstimate>> {
  const longest = Math.max(...examples.map((example) => all[example]!.inputIds.length));
  const perPass = Math.max(1, Math.floor(TOKENS_PER_PASS / (2 * longest * examples.length)));
  const values = { curvature: [] as number[], empirical: [] as number[] };
  for (let first = 0; first < DIRECTIONS; first += perPass) {
    const drawn = Math.min(perPass, DIRECTIONS - first);
    const pairs = Array.from({ length: drawn }, (_, k) =>
      examples.map((example): Pair => ({ example, direction: first + k, only: parameter })),
    ).flat();
    const found = await passes.run(pairs, "central", epsilon);
    for (let k = 0; k < drawn; k++) {
      const sumOf = (differences: Float64Array) =>
        differences
          .subarray(k * examples.length, (k + 1) * examples.length)
          .reduce((sum, value) => sum + value, 0);
      values.curvature.push(sumOf(found.first) / (4 * epsilon ** 2));
      values.empirical.push(sumOf(found.squaredDifference) / (4 * epsilon ** 2));
    }
  }
  return { curvature: meanOf(values.curvature), empirical: meanOf(values.empirical) };
}

function meanOf(values: readonly number[]): TraceEstimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}
