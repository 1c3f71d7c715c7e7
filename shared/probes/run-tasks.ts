/** All downstream tasks of a suite on one checkpoint, in one process: their pieces, task by task. */
import { assertVocabulary } from "../evaluate/vocabulary-check.ts";
import type { Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import type { Suite } from "../suites/suite.ts";
import { FeaturesInMemory } from "./feature-store.ts";
import type { ProbeResult } from "./fit-probe-merge.ts";
import { mergeTasks } from "./merge-pieces.ts";
import { PieceRunner } from "./piece-runner.ts";
import { planTask, type PlannedPiece, type TaskFacts } from "./plan-pieces.ts";
import { knownTokens } from "./sentences.ts";
import type { CompareResult, ExtractResult, FitPieceResult, TaskPiece } from "./task-pieces.ts";
import type { TaskResults } from "./task-results.ts";

export interface RunTasksOptions {
  /** Sentences, or rows, of a pass at most; default 512. */
  readonly batch?: number;
  /** The task that begins or goes on, and how much of all tasks is done, 0 to 1. */
  readonly onProgress?: (task: string, share: number) => void | Promise<void>;
}

/**
 * What depends on the suite alone, kept from checkpoint to checkpoint: make one a run, on one machine.
 */
export type TaskCache = Map<string, ProbeResult>;

/** Nothing need be cut for time. */
const LIMITS = { operations: Infinity };
/** Share of a probe task that extracting takes, for progress. */
const EXTRACTING = 0.3;

/**
 * Runs the tasks one after another. One that the model cannot be asked says why, and the others go on.
 *
 * @throws TaskError where the model does not know the suite's tokens; ModelTooBigError.
 */
export async function runTasks(
  subject: Subject,
  runtime: Runtime,
  suite: Suite,
  cache: TaskCache,
  { batch, onProgress }: RunTasksOptions = {},
): Promise<TaskResults> {
  const { definition, tasks } = suite;
  assertVocabulary(knownTokens(subject), definition);
  const facts = factsOf(subject);
  const results = {
    extracted: new Map<string, ExtractResult>(),
    fitted: new Map<string, FitPieceResult>(),
    compared: new Map<string, CompareResult>(),
  };
  let report: (share: number) => void | Promise<void> = () => undefined;
  const runner = new PieceRunner({
    suite,
    runtime,
    subject: () => Promise.resolve(subject),
    features: new FeaturesInMemory(),
    oneHotScores: cache,
    ...(batch && { batch }),
    onShare: (share) => report(share),
  });
  const run = async (id: string, piece: TaskPiece) => {
    if (piece.kind === "extract") results.extracted.set(id, await runner.extract(piece));
    else if (piece.kind === "fit") results.fitted.set(id, await runner.fit(piece));
    else results.compared.set(id, await runner.compare(piece));
  };
  const isDone = ({ id }: PlannedPiece) => Object.values(results).some((done) => done.has(id));
  try {
    for (const [place, { title }] of tasks.entries()) {
      for (;;) {
        const planned = planTask(suite, place, facts, results, LIMITS);
        const next = planned.find((piece) => !isDone(piece));
        if (!next) break;
        // Fits are not known before features are; they are most of the work.
        const ofKind = planned.filter(({ piece }) => piece.kind === next.piece.kind);
        const from = next.piece.kind === "fit" ? EXTRACTING : 0;
        const to = next.piece.kind === "extract" ? EXTRACTING : 1;
        const done = ofKind.filter(isDone).length;
        report = (part) => {
          const share = from + ((to - from) * (done + part)) / ofKind.length;
          return onProgress?.(title, (place + share) / tasks.length);
        };
        await report(0);
        await run(next.id, next.piece);
      }
    }
  } finally {
    await runner.dispose();
  }
  await onProgress?.("", 1);
  return mergeTasks({ suite, facts, limits: LIMITS, results });
}

/** What planning must know of a model. */
export function factsOf({ hiddenStates, parameters }: Subject): TaskFacts {
  return {
    layers: hiddenStates.map(({ layer }) => layer),
    parameters: parameters.reduce((sum, { count }) => sum + count, 0),
  };
}
