/** From a result to the numbers of its row on a board. */
import type { Result } from "../evaluate/result-schema.ts";
import type { Scores } from "./boards.ts";
import type { SuiteSummary } from "./suites.ts";

const NOT_MEASURED = "the evaluation did not measure it";

/** Every measure and task of the suite has an entry; what the result lacks is undefined, with the reason. */
export function scoresOf(result: Result, suite: Pick<SuiteSummary, "measures" | "tasks">): Scores {
  return {
    measures: Object.fromEntries(suite.measures.map(({ id }) => [id, measureCell(result, id)])),
    tasks: Object.fromEntries(suite.tasks.map(({ id }) => [id, taskCell(result, id)])),
  };
}

/** Names of the numbers a board sorts by, and the numbers: measures by id, accuracies as `task:ID`. */
export function sortableScores({ measures, tasks }: Scores): Record<string, number | null> {
  return Object.fromEntries([
    ...Object.entries(measures).map(([id, { value }]) => [id, value]),
    ...Object.entries(tasks).map(([id, { value }]) => [`task:${id}`, value]),
  ]);
}

function measureCell({ measures }: Result, id: string): Scores["measures"][string] {
  const measure = measures[id];
  if (!measure) return { value: null, reason: NOT_MEASURED };
  if (measure.value === null) return measure;
  return {
    value: measure.value,
    standardError: rounded(measure.standardError),
    directionError: rounded(measure.directionError ?? null),
  };
}

function taskCell({ probes = {}, zeroShot = {} }: Result, id: string): Scores["tasks"][string] {
  const probe = probes[id];
  const shot = zeroShot[id];
  if (probe?.accuracy) {
    const { accuracy, oneHotBaseline, randomBaseline } = probe;
    return {
      ...score(accuracy),
      trainingError: rounded(accuracy.trainingError),
      gainOverWords: score(oneHotBaseline.gain),
      gainOverRandom: randomBaseline.accuracy ? score(randomBaseline.gain) : null,
    };
  }
  if (shot?.accuracy) {
    return { ...score(shot.accuracy), trainingError: null, gainOverWords: null, gainOverRandom: null };
  }
  const reason = [probe, shot].flatMap((task) => (task && "reason" in task ? [task.reason] : []))[0];
  return { value: null, reason: reason ?? NOT_MEASURED };
}

const score = ({ value, standardError }: { value: number; standardError: number | null }) => ({
  value,
  standardError: rounded(standardError),
});

/** The fifth digit of an error says nothing, and would be most of what a page weighs. */
function rounded(error: number | null): number | null {
  return error === null ? null : Number(error.toPrecision(4));
}
