/**
 * Whether two runs of a fitting shard gave the same. Both read the same features, and fits go on until they converge, so
 * that rounding changes a probability in its last digits, and a prediction where two classes are as likely.
 */
import type { ProbeResult, ProbeScore } from "../../probes/fit-probe-merge.ts";
import { fitId, type Candidate, type FitResult } from "../../probes/fit-probe-spec.ts";
import { accuracy } from "../../probes/metrics.ts";
import type { FitPieceResult, PartResult } from "../../probes/task-pieces.ts";
import { same, within, type Agreement } from "./finding.ts";

/** Examples of a hundred that may be borderline, and at least so many. */
const BORDERLINE = { share: 0.01, least: 3 };
/**
 * Of a validation loss, nats, and relative to it: with the weakest penalties minima are flat, and losses large. Where there
 * are few examples, a borderline one weighs: so many nats, divided by how many there are.
 */
const LOSS = { absolute: 0.02, relative: 0.05, shared: 3 };
/** Of a codelength, relative to it. */
const CODE = 5e-3;
/** Of an error, relative to it: it is a statistic of a few draws, or of the borderline examples too. */
const ERROR = 0.3;

/** How many examples a task has. */
export interface TaskSizes {
  readonly validation: number;
  readonly test: number;
}

export function compareFitted(made: FitPieceResult, replayed: FitPieceResult, sizes: TaskSizes): Agreement[] {
  const findings = made.parts.flatMap((part, i) => comparePart(`part ${i}`, part, replayed.parts[i]!, sizes));
  const wrong = findings.filter(({ agrees }) => !agrees);
  if (wrong.length > 0) return wrong;
  return findings.length > 0 ? findings.slice(0, 1) : [{ agrees: true, detail: "no scores on either side" }];
}

function comparePart(what: string, made: PartResult, replayed: PartResult, sizes: TaskSizes): Agreement[] {
  if ("reason" in made || "reason" in replayed) {
    return same(`${what}: whether the task can be asked`, "reason" in made, "reason" in replayed);
  }
  if ("probe" in made && "probe" in replayed) return compareProbes(what, made.probe, replayed.probe, sizes);
  if ("fits" in made && "fits" in replayed) {
    return made.fits.flatMap((fit, i) =>
      compareFits(`${what}, ${fitId(fit)}`, fit, replayed.fits[i]!, sizes),
    );
  }
  return same(`${what}: fits that were put together`, "probe" in made, "probe" in replayed);
}

function compareProbes(
  what: string,
  made: ProbeResult,
  replayed: ProbeResult,
  sizes: TaskSizes,
): Agreement[] {
  const slack = slackOf(sizes.test);
  return [
    ...compareAnswers(what, made.correct, replayed.correct, made.l2 === replayed.l2),
    ...compareChoice(what, made, replayed, sizes.validation),
    ...same(
      `${what}: accuracy`,
      { ...made.accuracy, trainingError: 0 },
      { ...accuracy(made.correct), trainingError: 0 },
    ),
    ...compareScore(
      `${what}: macro-F1`,
      made.macroF1,
      replayed.macroF1,
      2 * slack * Math.max(1, made.candidates.length),
    ),
    ...compareScore(`${what}: accuracy over training sets`, made.accuracy, replayed.accuracy, 1),
    ...same(`${what}: an online code`, made.codelength !== null, replayed.codelength !== null),
    ...same(`${what}: a control task`, made.selectivity !== null, replayed.selectivity !== null),
    ...(made.codelength && replayed.codelength
      ? [
          relative(`${what}: codelength`, made.codelength.value, replayed.codelength.value, CODE),
          relative(
            `${what}: compression`,
            made.codelength.compression.value,
            replayed.codelength.compression.value,
            CODE,
          ),
          relative(
            `${what}: error of the codelength`,
            made.codelength.standardError,
            replayed.codelength.standardError,
            ERROR,
          ),
        ]
      : []),
    ...(made.selectivity && replayed.selectivity
      ? [
          within(`${what}: selectivity`, [made.selectivity.value], [replayed.selectivity.value], 3 * slack),
          within(
            `${what}: control accuracy`,
            [made.selectivity.controlAccuracy],
            [replayed.selectivity.controlAccuracy],
            2 * slack,
          ),
          within(`${what}: types seen`, [made.selectivity.seenTypes], [replayed.selectivity.seenTypes], 1e-9),
        ]
      : []),
  ];
}

function compareFits(what: string, made: FitResult, replayed: FitResult, sizes: TaskSizes): Agreement[] {
  if (made.kind === "main" && replayed.kind === "main") {
    return [
      ...compareAnswers(what, made.predicted, replayed.predicted, made.l2 === replayed.l2),
      ...compareChoice(what, made, replayed, sizes.validation),
    ];
  }
  if (made.kind === "resample" && replayed.kind === "resample") {
    const scores = (fit: typeof made) => [fit.accuracy, fit.macroF1];
    return [within(what, scores(made), scores(replayed), 2 * slackOf(sizes.test))];
  }
  if (made.kind === "control" && replayed.kind === "control") {
    return compareAnswers(what, made.correct, replayed.correct, true);
  }
  if (made.kind === "codelength" && replayed.kind === "codelength") {
    const total = (fit: typeof made) => fit.millibits.reduce((sum, value) => sum + value, 0) / 1000;
    return [
      relative(what, made.bits, replayed.bits, CODE),
      relative(`${what}: bits of the examples`, total(made), total(replayed), CODE),
    ];
  }
  return same(what, made.kind, replayed.kind);
}

/** Penalties on the edge of being chosen may be chosen on one machine and not on the other. */
function compareChoice(
  what: string,
  made: { readonly l2: number; readonly candidates: readonly Candidate[] },
  replayed: { readonly l2: number; readonly candidates: readonly Candidate[] },
  examples: number,
): Agreement[] {
  const slack = 2 * slackOf(examples);
  const penalties = same(
    `${what}: penalties`,
    made.candidates.map(({ l2 }) => l2),
    replayed.candidates.map(({ l2 }) => l2),
  );
  if (penalties.length > 0) return penalties;
  const losses = (list: readonly Candidate[]) => list.map(({ validationLoss }) => validationLoss);
  const accuracies = (list: readonly Candidate[]) => list.map(({ validationAccuracy }) => validationAccuracy);
  const theirs = replayed.candidates;
  const of = (l2: number) => theirs.find((candidate) => candidate.l2 === l2)?.validationAccuracy ?? -1;
  const chosen = of(replayed.l2) - of(made.l2);
  return [
    within(`${what}: validation accuracy`, accuracies(made.candidates), accuracies(theirs), slack),
    within(
      `${what}: validation loss`,
      losses(made.candidates),
      losses(theirs),
      theirs.map(
        ({ validationLoss }) => LOSS.absolute + LOSS.relative * validationLoss + LOSS.shared / examples,
      ),
    ),
    ...(made.l2 === replayed.l2 || chosen <= slack
      ? []
      : [
          {
            agrees: false,
            detail: `${what}: the penalty ${made.l2} was chosen, and ${replayed.l2} when it was run again`,
          },
        ]),
  ];
}

function compareAnswers(
  what: string,
  made: readonly number[],
  replayed: readonly number[],
  alike: boolean,
): Agreement[] {
  const differ = made.filter((answer, i) => answer !== replayed[i]).length;
  // Two penalties that do equally well answer differently here and there.
  const most = borderline(made.length) * (alike ? 1 : 5);
  return [{ agrees: differ <= most, detail: `${what}: ${differ} of ${made.length} answers differ` }];
}

function compareScore(what: string, made: ProbeScore, replayed: ProbeScore, slack: number): Agreement[] {
  const errors = [made.trainingError, replayed.trainingError] as const;
  return [
    within(what, [made.value], [replayed.value], slack),
    relative(`${what}: error`, made.standardError, replayed.standardError, ERROR),
    ...same(`${what}: training sets`, errors[0] !== null, errors[1] !== null),
    ...(errors[0] !== null && errors[1] !== null
      ? [within(`${what}: error over training sets`, [errors[0]], [errors[1]], slack + ERROR * errors[1])]
      : []),
  ];
}

function relative(what: string, made: number, replayed: number, share: number): Agreement {
  return within(what, [made], [replayed], share * Math.abs(replayed) + 1e-9);
}

/** Of an accuracy. */
const slackOf = (examples: number) => borderline(examples) / examples;
const borderline = (examples: number) => Math.max(BORDERLINE.least, Math.ceil(BORDERLINE.share * examples));
