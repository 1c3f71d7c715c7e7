/**
 * What results of several checkpoints say together: which have equal loss, how flatness and transfer go together in
 * them, and which cannot be told apart.
 */
import { PlateauError } from "../errors.ts";
import { decodeFloats } from "../evaluate/float-list.ts";
import type { Result } from "../evaluate/result-schema.ts";
import { MEASURES } from "../measures/index.ts";
import { associate, type Association } from "./associate.ts";
import { lossMatchedCohorts, pairedErrors, type Cohorts } from "./cohorts.ts";
import { holm } from "./holm.ts";
import { lineages, type RunOrigin } from "./lineage.ts";
import { rankIntoTiers, type Tiers } from "./tiers.ts";
import { judge, type Judgement } from "./verdict.ts";

/** Results that cannot be compared with each other. The message says why. */
export class StudyError extends PlateauError {}

export interface StudyCheckpoint {
  readonly name: string;
  /** Checkpoints of one lineage, a run and those that went on from it, are no independent evidence. */
  readonly lineage: string;
  readonly family: string;
  readonly result: Result;
}

/** How one trace and one task go together. */
export interface StudyAssociation {
  readonly trace: string;
  readonly task: string;
  readonly association: Association;
  /** By Holm, over all traces and tasks of the scope. */
  readonly adjustedPValue: number | null;
  /** Whether flatter goes with better, from Spearman's coefficient. */
  readonly judgement: Judgement;
}

export interface Study {
  readonly checkpoints: readonly StudyCheckpoint[];
  /** Checkpoints whose cards name no run: each had to be taken for a run of its own. */
  readonly withoutRun: readonly string[];
  /** `excess-loss` where all have it, else `loss`. */
  readonly lossMeasure: "excess-loss" | "loss";
  readonly tolerance: number;
  readonly cohorts: Cohorts;
  /** Over all checkpoints, loss held fixed in the partial coefficients. */
  readonly overall: readonly StudyAssociation[];
  /** Within the largest loss-matched cohort; empty without one. */
  readonly matched: readonly StudyAssociation[];
  /** By task: tiers of accuracy. */
  readonly taskTiers: Readonly<Record<string, Tiers>>;
  /** By trace: tiers, flattest first. */
  readonly traceTiers: Readonly<Record<string, Tiers>>;
}

export interface StudyOptions {
  /** Losses this close count as equal, nats. */
  readonly tolerance?: number;
  /** Of resampling and permutation. */
  readonly seed?: number;
}

/** @throws StudyError where results are fewer than three, of different suites or corpora, or one checkpoint is there twice. */
export function study(results: readonly Result[], { tolerance = 0.01, seed = 1 }: StudyOptions = {}): Study {
  assertComparable(results);
  const origins = lineages(results.map(({ checkpoint }) => runOrigin(checkpoint.card)));
  const checkpoints = results.map((result, i) => describe(result, origins[i]!));
  const lossMeasure = results.every((result) => valueOf(result, "excess-loss") !== null)
    ? "excess-loss"
    : "loss";
  const loss = results.map(({ measures }) => measures[lossMeasure]?.value ?? null);
  const examples = results.map((result) => examplesOf(result, lossMeasure));
  const cohorts = lossMatchedCohorts({ loss, pairedError: pairedErrors(examples), tolerance });
  const traces = MEASURES.filter(
    ({ family, id }) => family && results.some((result) => valueOf(result, id) !== null),
  ).map(({ id }) => id);
  const tasks = [...new Set(results.flatMap((result) => Object.keys(accuracies(result))))];
  const within = (members: readonly StudyCheckpoint[], conditioned: boolean) =>
    associations(members, traces, tasks, conditioned ? lossMeasure : null, seed);
  const largest = cohorts.largest?.members.map((index) => checkpoints[index]!) ?? [];
  return {
    checkpoints,
    withoutRun: checkpoints.filter(({ result }) => !result.checkpoint.card?.run).map(({ name }) => name),
    lossMeasure,
    tolerance,
    cohorts,
    overall: within(checkpoints, true),
    matched: largest.length === 0 ? [] : within(largest, false),
    taskTiers: Object.fromEntries(tasks.map((task) => [task, tiersOfTask(checkpoints, task)])),
    traceTiers: Object.fromEntries(traces.map((trace) => [trace, tiersOfTrace(checkpoints, trace)])),
  };
}

function valueOf({ measures }: Result, id: string): number | null {
  return measures[id]?.value ?? null;
}

/** Accuracies of all tasks that the checkpoint was asked, by task. */
export function accuracies({ probes, zeroShot }: Result): Record<string, number> {
  return Object.fromEntries(
    [...Object.entries(probes ?? {}), ...Object.entries(zeroShot ?? {})].flatMap(([id, { accuracy }]) =>
      accuracy ? [[id, accuracy.value]] : [],
    ),
  );
}

function associations(
  members: readonly StudyCheckpoint[],
  traces: readonly string[],
  tasks: readonly string[],
  lossMeasure: string | null,
  seed: number,
): StudyAssociation[] {
  const families = familiesOf(members);
  const found = traces.flatMap((trace) =>
    tasks.map((task) => ({
      trace,
      task,
      association: associate({
        x: members.map(({ result }) => result.measures[trace]?.value ?? null),
        y: members.map(({ result }) => accuracies(result)[task] ?? null),
        runs: members.map(({ lineage }) => lineage),
        ...(families && { families }),
        ...(lossMeasure !== null && {
          loss: members.map(({ result }) => result.measures[lossMeasure]?.value ?? null),
        }),
        seed,
      }),
    })),
  );
  const adjusted = holm(found.map(({ association }) => association.spearman.pValue));
  return found.map((each, i) => ({
    ...each,
    adjustedPValue: adjusted[i]!,
    judgement: judge(each.association.spearman, "negative", adjusted[i]!),
  }));
}

/** Null where some checkpoint has none, or a lineage lies in two: nothing can then be said within families. */
function familiesOf(members: readonly StudyCheckpoint[]): string[] | null {
  const byLineage = Map.groupBy(members, ({ lineage }) => lineage);
  const nested = [...byLineage.values()].every(
    (group) => new Set(group.map(({ family }) => family)).size === 1,
  );
  return nested && members.every(({ family }) => family !== "") ? members.map(({ family }) => family) : null;
}

function tiersOfTask(checkpoints: readonly StudyCheckpoint[], task: string): Tiers {
  return rankIntoTiers({
    better: "higher",
    candidates: checkpoints.map(({ name, result }) => {
      const answers = answersOf(result, task);
      return { id: name, ...(answers && { examples: answers }), value: accuracies(result)[task] ?? null };
    }),
  });
}

function tiersOfTrace(checkpoints: readonly StudyCheckpoint[], trace: string): Tiers {
  return rankIntoTiers({
    better: "lower",
    candidates: checkpoints.map(({ name, result }) => {
      const measure = result.measures[trace];
      if (!measure || measure.value === null) return { id: name, value: null };
      const examples = examplesOf(result, trace);
      const { value, standardError } = measure;
      return { id: name, ...(examples && { examples }), value, standardError };
    }),
  });
}

/**
 * [test examples]: 1 for each right answer, 0 for each wrong one, ½ for a tie between two sentences; null where the
 * checkpoint was not asked.
 */
export function answersOf({ probes, zeroShot }: Result, task: string): number[] | null {
  const probe = probes?.[task];
  if (probe?.accuracy) return [...probe.correct].map(Number);
  const shot = zeroShot?.[task];
  const margins = shot?.accuracy ? decodeFloats(shot.margins) : null;
  return margins && Array.from(margins, (margin) => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0));
}

/** [examples]: each example's own value of a measure; null where the result does not hold them. */
export function examplesOf({ perExample, corpus }: Result, measure: string): number[] | null {
  const values = perExample?.[measure] === undefined ? null : decodeFloats(perExample[measure]);
  return values?.length === corpus.examples ? [...values] : null;
}

/** @param lineage null where the card names no run: it is then taken for a run of its own. */
function describe(result: Result, lineage: string | null): StudyCheckpoint {
  const name = nameOf(result);
  return { name, lineage: lineage ?? name, family: result.checkpoint.card?.family ?? "", result };
}

function nameOf({ checkpoint: { card, file } }: Result): string {
  return card?.name ?? file.replace(/^.*[/\\]/, "").replace(/\.onnx$/, "");
}

function runOrigin(card: Result["checkpoint"]["card"]): RunOrigin {
  const before = card?.["startedFrom"];
  return { run: card?.run ?? null, startedFrom: typeof before === "string" ? before : null };
}

function assertComparable(results: readonly Result[]): void {
  if (results.length < 3) {
    throw new StudyError(`${results.length} results are too few to compare; give three or more.`);
  }
  const [first] = results as [Result];
  const hashes = new Set<string>();
  const names = new Set<string>();
  for (const result of results) {
    const { checkpoint, corpus } = result;
    if (corpus.sha256 !== first.corpus.sha256) {
      throw new StudyError(
        `${checkpoint.file} was evaluated on another ${first.suite === null ? "corpus" : "suite"} than ` +
          `${first.checkpoint.file}; compare results of one.`,
      );
    }
    if (hashes.has(checkpoint.sha256)) {
      throw new StudyError(`The checkpoint ${checkpoint.file} is there twice; leave one result out.`);
    }
    hashes.add(checkpoint.sha256);
    const name = nameOf(result);
    if (names.has(name)) {
      throw new StudyError(`Two checkpoints are called ${name}; give them different names in their cards.`);
    }
    names.add(name);
  }
}
