/** What a reader of the numbers must know, in words: one warning a kind, with the models it concerns. */
import { MEASURES } from "../measures/index.ts";
import { grouped, percent, significant, stepText } from "../numbers.ts";
import type { Labelled } from "./labelled.ts";
import type { Result } from "./result-schema.ts";

export interface Warning {
  /** What is the matter and what to do. */
  readonly text: string;
  /** Where: a model and its details. */
  readonly cases: readonly string[];
}

/** An example that holds more than this of a value makes its error too small, */
const LARGEST_SHARE = 5e-3;
/** where that is also this many times its due: of few examples each holds much. */
const LARGEST_MULTIPLE = 5;
/** Errors that a step set by hand may leave before it is worth a word. */
const STEP_ERROR = 5e-3;
/** Names listed before "and N more". */
const LISTED = 3;

/** All warnings of the results. */
export function warningsOf(results: readonly Labelled[]): Warning[] {
  const kinds: [text: string, find: (result: Result) => string[]][] = [
    ["Undefined", undefinedMeasures],
    ["Tasks that could not be run", tasksNotRun],
    ["Parts of probes that could not be fitted", partsNotFitted],
    ["Probes whose fits reached no minimum, so that their scores are too low", unconverged],
    [
      "Not moved, so the traces leave them out",
      ({ checkpoint }) => partsText(checkpoint.unperturbed.filter(({ reason }) => reason !== "excluded")),
    ],
    [
      "One direction for all examples of a block, since the weight only moves as a whole: correct, with larger direction errors",
      ({ checkpoint, receipt }) =>
        Object.keys(receipt.epsilon).length > 0 ? partsText(checkpoint.sharedDirections) : [],
    ],
    [
      "One example holds more than 0.5 % of a trace, so its standard error may be too small; a larger corpus helps",
      largestShares,
    ],
    ["The step set by hand leaves an error; leave --epsilon out to have it chosen", stepErrors],
    ["The precision asked for was not reached; allow more --directions", imprecise],
    [
      "Limited by examples: a larger corpus lowers the standard error further than more directions do",
      limitedByExamples,
    ],
  ];
  const warnings = kinds.flatMap(([text, find]) => {
    const cases = results.flatMap(({ label, result }) => {
      const details = find(result);
      return details.length === 0 ? [] : [`${results.length > 1 ? `${label}: ` : ""}${details.join("; ")}`];
    });
    return cases.length > 0 ? [{ text, cases }] : [];
  });
  return [...worseThanGuessing(results), ...warnings];
}

/** Losses above ln V, by vocabulary; not told of results that --out kept, which do not hold their vocabulary. */
function worseThanGuessing(results: readonly Labelled[]): Warning[] {
  const worse = results.flatMap(({ label, result, vocabulary }) => {
    const loss = result.measures["loss"]?.value ?? null;
    if (vocabulary === undefined || loss === null || loss <= Math.log(vocabulary)) return [];
    const text = `${results.length > 1 ? `${label}: ` : ""}loss ${significant(loss, 4)}`;
    return [{ text, guess: significant(Math.log(vocabulary), 4) }];
  });
  return [...Map.groupBy(worse, ({ guess }) => guess)].map(([guess, group]) => ({
    text: `The loss is above that of a uniform guess (ln V = ${guess}): is this the right objective, corpus and tokenizer?`,
    cases: group.map(({ text }) => text),
  }));
}

function defined(result: Result) {
  return MEASURES.flatMap(({ id, label, secondDifference }) => {
    const measure = result.measures[id];
    return measure && measure.value !== null ? [{ ...measure, id, label, secondDifference }] : [];
  });
}

function undefinedMeasures({ measures }: Result): string[] {
  return MEASURES.flatMap(({ id, label }) => {
    const measure = measures[id];
    return measure?.value === null ? [`${label}: ${measure.reason}`] : [];
  });
}

function tasksNotRun({ probes = {}, zeroShot = {} }: Result): string[] {
  return Object.entries({ ...probes, ...zeroShot }).flatMap(([id, task]) =>
    task.accuracy ? [] : [`${id}: ${clause(task.reason)}`],
  );
}

function partsNotFitted({ probes = {} }: Result): string[] {
  return Object.entries(probes).flatMap(([id, probe]) => {
    if (!probe.accuracy) return [];
    const parts = [
      ...probe.layers.map((part) => ({
        name: part.layer === null ? "embeddings" : `layer ${part.layer}`,
        part,
      })),
      { name: "random weights", part: probe.randomBaseline },
    ];
    return parts.flatMap(({ name, part }) =>
      part.accuracy ? [] : [`${id}, ${name}: ${clause(part.reason)}`],
    );
  });
}

function unconverged({ probes = {} }: Result): string[] {
  return Object.entries(probes).flatMap(([id, probe]) =>
    probe.accuracy && probe.unconverged.length > 0 ? [`${id}: ${probe.unconverged.join(", ")}`] : [],
  );
}

/** A sentence as part of a list. */
function clause(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

function partsText(parts: Result["checkpoint"]["unperturbed"]): string[] {
  return [...Map.groupBy(parts, ({ reason }) => reason)].map(([reason, group]) => {
    const scalars = group.reduce((sum, { parameters }) => sum + parameters, 0);
    const names = group.slice(0, LISTED).map(({ name }) => name);
    const more = group.length > LISTED ? ` and ${group.length - LISTED} more` : "";
    return `${names.join(", ")}${more} (${grouped(scalars)} parameters): ${reason}`;
  });
}

/** The worst measure alone: the others are close behind. */
function largestShares(result: Result): string[] {
  const usual = Math.max(LARGEST_SHARE, LARGEST_MULTIPLE / result.corpus.examples);
  // Of a trace that may as well be zero, any example holds much.
  const apart = defined(result).filter(
    ({ value, standardError }) => standardError === null || Math.abs(value) > 2 * standardError,
  );
  const worst = apart.reduce<{ share: number; label: string } | null>((most, { label, largestShare = 0 }) => {
    return largestShare > (most?.share ?? usual) ? { share: largestShare, label } : most;
  }, null);
  return worst ? [`${percent(worst.share)} of ${worst.label}`] : [];
}

function stepErrors(result: Result): string[] {
  if (!result.receipt.epsilonByHand) return [];
  return defined(result).flatMap(({ label, value, stepBias = 0, roundingError = 0, epsilon = 0 }) => {
    const [bias, rounding] = [Math.abs(stepBias / value), Math.abs(roundingError / value)];
    if (!(Math.max(bias, rounding) > STEP_ERROR)) return [];
    const what = bias > rounding ? `truncation ${percent(bias)}` : `rounding ${percent(rounding)}`;
    return [`${label}: ${what} at ε = ${stepText(epsilon)}`];
  });
}

function imprecise(result: Result): string[] {
  const { precision } = result.receipt;
  if (precision === null) return [];
  return defined(result).flatMap(({ label, value, directionError, directions }) => {
    const reached = directionError ? directionError / Math.abs(value) : 0;
    return reached > precision ? [`${label}: ${percent(reached)} after ${directions} directions`] : [];
  });
}

function limitedByExamples(result: Result): string[] {
  if (result.receipt.precision === null) return [];
  const limited = defined(result).filter(
    ({ standardError, directionError }) =>
      standardError !== null && directionError && standardError > directionError,
  );
  return limited.length > 0 ? [limited.map(({ label }) => label).join(", ")] : [];
}
