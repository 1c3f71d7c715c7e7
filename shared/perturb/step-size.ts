/**
 * Chooses ε: the smallest power of two at which rounding is still negligible.
 *
 * Truncation error is heavy-tailed, rounding is Gaussian and can be predicted from one measurement, so ε is taken as
 * small as rounding allows, and what truncation is left is measured by doubling ε.
 */

/** What the pilot's pairs give at one ε, averaged over them, per labelled token; absent where it is not measured. */
export interface PilotTraces {
  readonly hessian: number;
  readonly fisher: number;
  readonly empirical: number;
}
export type TraceName = keyof PilotTraces;

/** Rounding measured at an ε so small that nothing else is left. */
export interface Rounding {
  /** Root mean square of ℓ₊ + ℓ₋ − 2ℓ₀ of a pair, nats. */
  readonly loss: number;
  /** Mean over tokens of Var_p(z₊ + z₋ − 2z₀). */
  readonly logits: number;
  /** Mean over tokens of (ℓ₊ + ℓ₋ − 2ℓ₀)². */
  readonly tokenLoss: number;
}

/** Size of the run whose noise is predicted. */
export interface RunSize {
  readonly examples: number;
  readonly directions: number;
  readonly labelledTokens: number;
}

/** What is known of a measure at the ε chosen. Errors are absolute, in the measure's unit. */
export interface StepQuality {
  /** Predicted rounding of the whole run. */
  readonly roundingError: number;
  /** (T(2ε) − T(ε))/3: the truncation error left, with its sign. */
  readonly stepBias: number;
  /** Error of `stepBias`, from the spread of paired differences. */
  readonly stepBiasError: number;
  /** Why the measure must not be shown, or null. */
  readonly reason: string | null;
}

export interface StepChoice {
  readonly epsilon: number;
  readonly rounding: Rounding;
  readonly quality: Readonly<Record<TraceName, StepQuality>>;
}

/** ε at which rounding is measured: second differences of any real curvature vanish there in single precision. */
export const ROUNDING_EPSILON = 2 ** -20;
const SMALLEST = 2 ** -19;
const LARGEST = 2 ** -3;
/** Rounding aimed at, relative to the trace. */
const NOISE_TARGET = 5e-4;
/** Rounding that may be paid to make truncation smaller. */
const NOISE_LIMIT = 2e-3;
/** Truncation that may be left. */
const BIAS_LIMIT = 5e-3;

/** What rounding adds to the mean squared first difference of a labelled token: v_r/(12ε²), an upward bias. */
export function roundingBias(name: "fisher" | "empirical", rounding: Rounding, epsilon: number): number {
  return (name === "fisher" ? rounding.logits : rounding.tokenLoss) / (12 * epsilon ** 2);
}

/**
 * Variance of what rounding adds to the mean over `count` squared first differences, from its product with the true
 * ones: at most 4·T·b/count, b the bias.
 */
export function roundingNoise(trace: number, bias: number, count: number): number {
  return (4 * Math.abs(trace) * bias) / count;
}

/** Variance of a second difference's rounding, of an example's loss over ε²: (σ_r/ε²)². */
export function secondDifferenceRounding(rounding: Rounding, epsilon: number): number {
  return (rounding.loss / epsilon ** 2) ** 2;
}

/** The part of that variance that comes with ℓ₀, subtracted twice; ℓ₊ and ℓ₋ bring the rest. */
export const ROUNDING_OF_BASE = 2 / 3;

/**
 * Predicted rounding of a run's trace at ε. Hessian: σ_r/ε² · √(N(2/3 + 1/(3K)))/M, noise. Fisher traces: their bias
 * and their noise, in quadrature; the noise counts where examples are few and ε is small.
 *
 * @param trace its value, to tell the noise of first differences; 0 leaves their bias alone.
 */
export function predictedRounding(
  name: TraceName,
  rounding: Rounding,
  { examples, directions, labelledTokens }: RunSize,
  epsilon: number,
  trace: number,
): number {
  if (name !== "hessian") {
    const bias = roundingBias(name, rounding, epsilon);
    return Math.sqrt(bias ** 2 + roundingNoise(trace, bias, labelledTokens * directions));
  }
  const each = ROUNDING_OF_BASE + (1 - ROUNDING_OF_BASE) / directions;
  return Math.sqrt(secondDifferenceRounding(rounding, epsilon) * examples * each) / labelledTokens;
}

export interface PilotPoint {
  readonly mean: PilotTraces;
  /** Standard error of the difference of the two points' means, from the same pairs. */
  differenceError(other: PilotPoint): PilotTraces;
}

export interface Pilot {
  /** Traces of the pilot's pairs, always the same ones, at ε. */
  tracesAt(epsilon: number): Promise<PilotPoint>;
}

/**
 * @param wanted the traces that will be reported; ε is as small as all of them allow. A trace that no ε suits gives
 * way, with a reason.
 */
export async function chooseStep(
  pilot: Pilot,
  rounding: Rounding,
  size: RunSize,
  wanted: readonly TraceName[],
): Promise<StepChoice> {
  const known = new Map<number, PilotPoint>();
  const at = async (epsilon: number) => {
    const point = known.get(epsilon) ?? (await pilot.tracesAt(epsilon));
    known.set(epsilon, point);
    return point;
  };
  // The noise of first differences averages out as their direction noise does, and shows in it, so that no trace is
  // withheld for it; where a longer step is free, it is avoided.
  const noise = (name: TraceName, epsilon: number) => predictedRounding(name, rounding, size, epsilon, 0);

  const settle = async (names: readonly TraceName[]): Promise<StepChoice> => {
    // The scale barely depends on ε, so a first look anywhere sensible tells where to look properly.
    let epsilon = smallestWithin(names, (await at(2 ** -11)).mean, noise);
    epsilon = smallestWithin(names, (await at(epsilon)).mean, noise);
    for (;;) {
      const choice = await describe(epsilon);
      const { mean } = await at(epsilon);
      const biased = names.some(
        (name) => Math.abs(choice.quality[name].stepBias) > BIAS_LIMIT * scale(name, mean),
      );
      const affordable = names.every((name) => noise(name, epsilon / 2) <= NOISE_LIMIT * scale(name, mean));
      if (!biased) return calm(choice, names);
      if (!affordable || epsilon / 2 < SMALLEST) return choice;
      epsilon /= 2;
    }
  };
  /** Doubles ε while first differences are noisy, as long as truncation adds less than the noise that goes. */
  const calm = async (choice: StepChoice, names: readonly TraceName[]): Promise<StepChoice> => {
    const noisy = names.filter((name) => name !== "hessian");
    for (;;) {
      const { epsilon, quality } = choice;
      const { mean } = await at(epsilon);
      if (noisy.every((name) => quality[name].roundingError <= NOISE_TARGET * scale(name, mean)))
        return choice;
      const longer = await describe(2 * epsilon);
      const gained = noisy.every(
        (name) => Math.abs(longer.quality[name].stepBias) < quality[name].roundingError,
      );
      if (!gained || longer.epsilon > LARGEST) return choice;
      choice = longer;
    }
  };
  const describe = async (epsilon: number): Promise<StepChoice> => {
    const here = await at(epsilon);
    const quality = qualityOf(here, await at(2 * epsilon), rounding, size, epsilon);
    const judged = Object.entries(quality).map(([name, each]) => {
      const judgedBy = { ...each, roundingError: noise(name as TraceName, epsilon) };
      const reason = objection(judgedBy, scale(name as TraceName, here.mean), epsilon);
      return [name, { ...each, reason }];
    });
    return { epsilon, rounding, quality: Object.fromEntries(judged) as StepChoice["quality"] };
  };

  const failures = ({ quality }: StepChoice) => wanted.filter((name) => quality[name].reason !== null).length;
  const all = await settle(wanted);
  const firstDifferences = wanted.filter((name) => name !== "hessian");
  if (failures(all) === 0 || firstDifferences.length === 0 || firstDifferences.length === wanted.length)
    return all;
  // Second differences must not spoil the first ones: half precision ruins them at steps where those are fine.
  const withoutHessian = await settle(firstDifferences);
  return failures(withoutHessian) <= failures(all) ? withoutHessian : all;
}

/**
 * The quality of an ε that an earlier evaluation chose, whose word is taken for it: nothing is withheld.
 */
export async function describeChosen(
  pilot: Pilot,
  rounding: Rounding,
  size: RunSize,
  epsilon: number,
): Promise<StepChoice> {
  const here = await pilot.tracesAt(epsilon);
  const twice = await pilot.tracesAt(2 * epsilon);
  return { epsilon, rounding, quality: qualityOf(here, twice, rounding, size, epsilon) };
}

/**
 * The quality of an ε that was set by hand: measured all the same, but nothing is withheld.
 *
 * Far above the step that the rule would choose, doubling ε no longer tells the truncation; there it is the difference
 * from the trace at that step.
 */
export async function describeStep(
  pilot: Pilot,
  rounding: Rounding,
  size: RunSize,
  epsilon: number,
  wanted: readonly TraceName[],
): Promise<StepChoice> {
  const chosen = await chooseStep(pilot, rounding, size, wanted);
  if (epsilon <= chosen.epsilon) return describeChosen(pilot, rounding, size, epsilon);
  const here = await pilot.tracesAt(epsilon);
  const there = await pilot.tracesAt(chosen.epsilon);
  const errors = here.differenceError(there);
  const of = (name: TraceName): StepQuality => ({
    roundingError: predictedRounding(name, rounding, size, epsilon, here.mean[name]),
    stepBias: here.mean[name] - there.mean[name],
    stepBiasError: errors[name],
    reason: null,
  });
  return {
    epsilon,
    rounding,
    quality: { hessian: of("hessian"), fisher: of("fisher"), empirical: of("empirical") },
  };
}

function qualityOf(
  here: PilotPoint,
  twice: PilotPoint,
  rounding: Rounding,
  size: RunSize,
  epsilon: number,
): StepChoice["quality"] {
  const errors = twice.differenceError(here);
  const of = (name: TraceName): StepQuality => ({
    roundingError: predictedRounding(name, rounding, size, epsilon, here.mean[name]),
    stepBias: (twice.mean[name] - here.mean[name]) / 3,
    stepBiasError: errors[name] / 3,
    reason: null,
  });
  return { hessian: of("hessian"), fisher: of("fisher"), empirical: of("empirical") };
}

/** What errors are relative to. A Hessian trace can vanish where curvatures cancel; the Fisher trace cannot. */
function scale(name: TraceName, { hessian, fisher, empirical }: PilotTraces): number {
  return name === "hessian" ? Math.max(Math.abs(hessian), fisher) : name === "fisher" ? fisher : empirical;
}

function smallestWithin(
  names: readonly TraceName[],
  traces: PilotTraces,
  noise: (name: TraceName, epsilon: number) => number,
): number {
  let epsilon = SMALLEST;
  while (epsilon < LARGEST && names.some((name) => noise(name, epsilon) > NOISE_TARGET * scale(name, traces)))
    epsilon *= 2;
  return epsilon;
}

function objection({ stepBias, roundingError }: StepQuality, size: number, epsilon: number): string | null {
  const percent = (value: number) => `${((100 * value) / size).toPrecision(2)} %`;
  if (!Number.isFinite(stepBias) || !Number.isFinite(roundingError)) return `not finite at ε = ${epsilon}`;
  if (size === 0) return "the trace is zero";
  if (roundingError > NOISE_LIMIT * size) {
    return `no step suits it: at ε = ${epsilon} rounding is ${percent(roundingError)} of the trace`;
  }
  if (Math.abs(stepBias) > BIAS_LIMIT * size) {
    return `no step suits it: at ε = ${epsilon} truncation is ${percent(Math.abs(stepBias))} of the trace`;
  }
  return null;
}
