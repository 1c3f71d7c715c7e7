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

/**
 * Predicted rounding of a run's trace at ε. Hessian: σ_r/ε² · √(N(2/3 + 1/(3K)))/M, noise. Fisher traces:
 * v_r/(12ε²), an upward bias.
 */
export function predictedRounding(
  name: TraceName,
  rounding: Rounding,
  size: RunSize,
  epsilon: number,
): number {
  const { examples, directions, labelledTokens } = size;
  if (name === "fisher") return rounding.logits / (12 * epsilon ** 2);
  if (name === "empirical") return rounding.tokenLoss / (12 * epsilon ** 2);
  const spread = Math.sqrt(examples * (2 / 3 + 1 / (3 * directions)));
  return ((rounding.loss / epsilon ** 2) * spread) / labelledTokens;
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
  const noise = (name: TraceName, epsilon: number) => predictedRounding(name, rounding, size, epsilon);

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
      if (!biased || !affordable || epsilon / 2 < SMALLEST) return choice;
      epsilon /= 2;
    }
  };
  const describe = async (epsilon: number): Promise<StepChoice> => {
    const here = await at(epsilon);
    const quality = qualityOf(here, await at(2 * epsilon), rounding, size, epsilon);
    const judged = Object.entries(quality).map(([name, each]) => {
      const reason = objection(each, scale(name as TraceName, here.mean), epsilon);
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
    roundingError: predictedRounding(name, rounding, size, epsilon),
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
    roundingError: predictedRounding(name, rounding, size, epsilon),
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
