/** Whether two runs of a measuring shard gave the same. */
import { traceName } from "../../evaluate/family-setup.ts";
import type { Tally } from "../../evaluate/tally.ts";
import { selectMeasures } from "../../measures/index.ts";
import type { StepChoice } from "../../perturb/step-size.ts";
import type { Prepared } from "../prepared.ts";
import type { MeasureSpec } from "../shard-spec.ts";
import { judgeDifferences } from "./differences.ts";
import { same, within, type Agreement } from "./finding.ts";
import { noiseOfSquares, noiseOfSums, type Drawn } from "./noise.ts";
import { isCoarse, lossRounding } from "./precision.ts";

/** Nats that the loss of a labelled token may differ by, and the mean of all of them. */
const LOSS = { token: 1e-3, mean: 1e-4 };
/** How often an example's rounding may be exceeded. */
const ROUNDINGS = 10;
/** Relative difference of the exact trace of an example, and of all together. */
const EXACT = { single: { example: 5e-3, all: 1e-3 }, half: { example: 0.1, all: 0.01 } };

export function compareMeasured(
  { family }: MeasureSpec,
  made: Tally,
  replayed: Tally,
  prepared: Prepared,
): Agreement[] {
  const plan = prepared.plan.find((each) => each.family === family);
  const fixed = [
    ...same("directions", made.directions, replayed.directions),
    ...same("examples that share directions", made.unitSize, replayed.unitSize),
    ...same("exact traces", Object.keys(made.exact).sort(), Object.keys(replayed.exact).sort()),
    ...same("excess loss", made.excess !== null, replayed.excess !== null),
  ];
  if (fixed.length > 0) return fixed;
  return [
    ...compareLosses("loss", made.loss, replayed, replayed.loss, prepared),
    ...(made.excess && replayed.excess
      ? compareLosses("excess loss", made.excess, replayed, replayed.excess, prepared)
      : []),
    ...Object.entries(made.exact).flatMap(([kind, { sum }]) =>
      compareExact(kind, sum, replayed.exact[kind as keyof Tally["exact"]]!.sum, prepared),
    ),
    ...Object.keys(made.measures).flatMap((id) => compareTrace(id, made, replayed, plan?.step ?? null)),
  ];
}

function compareLosses(
  what: string,
  made: readonly number[],
  { tokens }: Tally,
  replayed: readonly number[],
  prepared: Prepared,
): Agreement[] {
  const rounding = ROUNDINGS * lossRounding(prepared);
  const labelled = Math.max(1, total(tokens));
  const mean = total(made.map((value, i) => value - replayed[i]!)) / labelled;
  const most = LOSS.mean + rounding / Math.sqrt(labelled);
  const each = within(
    `${what} of an example`,
    made,
    replayed,
    tokens.map((count) => LOSS.token * Math.max(1, count) + rounding),
    "nats",
  );
  return [
    { agrees: Math.abs(mean) <= most, detail: `mean ${what} ${Math.abs(mean).toPrecision(2)} nats apart` },
    ...(each.agrees ? [] : [each]),
  ];
}

function compareExact(
  kind: string,
  made: readonly number[],
  replayed: readonly number[],
  prepared: Prepared,
): Agreement[] {
  const { example, all } = EXACT[isCoarse(prepared) ? "half" : "single"];
  const size = total(replayed);
  const typical = size / Math.max(1, replayed.length);
  const each = within(
    `exact ${kind} of an example`,
    made,
    replayed,
    replayed.map((value) => example * (value + 0.1 * typical) + Number.MIN_VALUE),
  );
  const apart = Math.abs(total(made) - size) / Math.max(size, Number.MIN_VALUE);
  return [
    { agrees: apart <= all, detail: `exact ${kind} ${apart.toPrecision(2)} of it apart` },
    ...(each.agrees ? [] : [each]),
  ];
}

function compareTrace(id: string, made: Tally, replayed: Tally, step: StepChoice | null): Agreement[] {
  const [first, second] = [made.measures[id]!, replayed.measures[id]!];
  const finite = [first, second].map(({ sum, squares }) => [...sum, ...squares].every(Number.isFinite));
  if (finite[0] !== finite[1]) return same(`${id} is finite`, ...(finite as [boolean, boolean]));
  // Nothing moves, or nothing is to be told: the measure has no value, and that was agreed on.
  if (!finite[0] || !step || replayed.directions.every((drawn) => drawn === 0)) return [];
  const trace = traceName(selectMeasures([id]).find((measure) => measure.id === id)!);
  const examples: Drawn = {
    ...{ trace, step, tokens: replayed.tokens, directions: replayed.directions },
    examples: replayed.tokens.map(() => 1),
  };
  const units = unitsOf(examples, replayed.unitSize);
  const pair = { made: first.sum, replayed: second.sum };
  const squares = { made: first.squares, replayed: second.squares };
  const noise = noiseOfSums(examples, second.sum);
  // No ε suits it, and it has no value: the plan says so.
  if (!noise.noise.every(Number.isFinite)) return [];
  const sums = judgeDifferences({ what: id, ...pair, ...noise });
  const spread = judgeDifferences({
    what: `squares of ${id}`,
    ...squares,
    ...noiseOfSquares(units, second.squares),
  });
  return spread.agrees ? [sums] : [sums, spread];
}

/** Numbers of examples, added up over those that draw directions together. */
function unitsOf(drawn: Drawn, unitSize: number): Drawn {
  if (unitSize === 1) return drawn;
  const units = Math.ceil(drawn.tokens.length / unitSize);
  const slices = <T>(values: readonly T[]) =>
    Array.from({ length: units }, (_, unit) => values.slice(unit * unitSize, (unit + 1) * unitSize));
  return {
    ...drawn,
    tokens: slices(drawn.tokens).map(total),
    examples: slices(drawn.examples).map(total),
    directions: slices(drawn.directions).map((of) => of[0]!),
  };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
