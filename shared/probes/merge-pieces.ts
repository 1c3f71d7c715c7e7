/** From what the pieces of tasks gave to their results. The order in which they ran does not matter, bit for bit. */
import { chanceOf } from "../suites/describe.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask, Task } from "../suites/task.ts";
import { mergeFits, type ProbeResult } from "./fit-probe-merge.ts";
import type { FitExtent } from "./fit-probe-spec.ts";
import { pairedGain } from "./metrics.ts";
import { summariseMinimalPairs } from "./minimal-pairs.ts";
import { summariseMultipleChoice } from "./multiple-choice.ts";
import { planExtracts, planTask, refusalOf, type PieceLimits, type TaskFacts } from "./plan-pieces.ts";
import { mergeContext } from "./probe-input.ts";
import { isRefusal, type Refused } from "./refusal.ts";
import type { FitPart, PartResult, PieceResults } from "./task-pieces.ts";
import type {
  Baseline,
  LayerScore,
  NoScore,
  ProbeTaskResult,
  TaskResults,
  ZeroShotResult,
} from "./task-results.ts";

/** What there is to put together. */
export interface PiecesDone {
  readonly suite: Suite;
  readonly facts: TaskFacts;
  readonly limits: PieceLimits;
  readonly results: PieceResults;
}

/**
 * Results of all tasks of a suite.
 *
 * @throws RangeError where what a piece gave is missing.
 */
export function mergeTasks(done: PiecesDone): TaskResults {
  const probes: Record<string, TaskResults["probes"][string]> = {};
  const zeroShot: Record<string, TaskResults["zeroShot"][string]> = {};
  done.suite.tasks.forEach((task, place) => {
    if (task.kind === "probe") probes[task.id] = orNoScore(() => mergeProbe(task, place, done));
    else zeroShot[task.id] = orNoScore(() => mergeComparisons(task, place, done));
  });
  return { probes, zeroShot };
}

function mergeProbe(task: ProbeTask, place: number, done: PiecesDone): ProbeTaskResult | NoScore {
  const { suite, facts, limits, results } = done;
  const refusal = (source: "model" | "random") =>
    refusalOf(planExtracts(suite, place, source, facts, limits), place, results);
  const reason = refusal("model");
  if (reason !== null) return noScore({ reason });
  const parts = fitParts(place, done);
  const { seed } = suite.definition;
  const probe = together(task, seed, "full", parts);
  if ("reason" in probe) return noScore(probe);
  const oneHot = together(task, seed, "scores", ofSource(parts, "one-hot"));
  if ("reason" in oneHot) return noScore(oneHot);
  const withoutRandom = refusal("random");
  const random =
    withoutRandom === null
      ? together(task, seed, "scores", ofSource(parts, "random"))
      : { reason: withoutRandom };
  const layers = facts.layers.map((layer, state): LayerScore => {
    const quick = together(
      task,
      seed,
      "quick",
      parts.filter(({ features }) => features.source === "model" && features.state === state),
    );
    if ("reason" in quick) return { layer, ...noScore(quick) };
    const { value, standardError } = quick.accuracy;
    return { layer, accuracy: { value, standardError } };
  });
  return {
    chance: chanceOf(task),
    classes: task.classes.length,
    probe,
    random: "reason" in random ? noScore(random) : baseline(probe, random),
    oneHot: baseline(probe, oneHot),
    layers,
  };
}

type PartDone = FitPart & { readonly result: PartResult };

function fitParts(place: number, { suite, facts, limits, results }: PiecesDone): PartDone[] {
  return planTask(suite, place, facts, results, limits).flatMap(({ id, piece }) => {
    if (piece.kind !== "fit") return [];
    const found = results.fitted.get(id)?.parts;
    if (found?.length !== piece.parts.length) throw new RangeError(`the results of ${id} are missing`);
    return piece.parts.map((part, i) => ({ ...part, result: found[i]! }));
  });
}

function ofSource(parts: readonly PartDone[], source: FitPart["features"]["source"]): PartDone[] {
  return parts.filter(({ features }) => features.source === source);
}

/** What the fits of one extent on one layer or baseline come to. */
function together(
  task: ProbeTask,
  seed: number,
  extent: FitExtent,
  parts: readonly PartDone[],
): ProbeResult | Refused {
  const results = parts.filter((part) => part.extent === extent).map(({ result }) => result);
  const refused = results.find((result): result is Refused => "reason" in result);
  if (refused) return refused;
  const whole = results.find((result): result is { probe: ProbeResult } => "probe" in result);
  if (whole) return whole.probe;
  const fits = results.flatMap((result) => ("fits" in result ? result.fits : []));
  return mergeFits(fits, mergeContext(task, seed, extent === "full"));
}

function baseline(probe: ProbeResult, { accuracy, correct }: ProbeResult): Baseline {
  return { accuracy, gain: pairedGain(probe.correct, correct) };
}

function mergeComparisons(
  task: Exclude<Task, ProbeTask>,
  place: number,
  { suite, facts, limits, results }: PiecesDone,
): ZeroShotResult | NoScore {
  const ranges = planTask(suite, place, facts, results, limits).map(({ id, piece }) => {
    const result = results.compared.get(id);
    if (!result || piece.kind !== "compare") throw new RangeError(`the results of ${id} are missing`);
    return { ...result, first: piece.first, count: piece.count };
  });
  const refused = ranges.find((range) => "reason" in range);
  if (refused) return noScore(refused);
  const { accuracy, margins } =
    task.kind === "minimal-pairs"
      ? summariseMinimalPairs(
          ranges.filter((range) => "pairs" in range),
          task.pairs.length,
        )
      : summariseMultipleChoice(
          ranges.filter((range) => "items" in range),
          task.items.length,
        );
  return { accuracy, chance: chanceOf(task), margins };
}

function noScore({ reason }: Refused): NoScore {
  return { accuracy: null, reason };
}

function orNoScore<Item>(merge: () => Item): Item | NoScore {
  try {
    return merge();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return noScore({ reason: error.message });
  }
}
