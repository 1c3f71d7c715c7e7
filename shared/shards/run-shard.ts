/** Runs one shard. */
import { explainFailure } from "../evaluate/explain-failure.ts";
import type { Graph } from "../onnx/graph.ts";
import { prepareSubject } from "../perturb/subject.ts";
import { PieceRunner } from "../probes/piece-runner.ts";
import type { TaskPiece } from "../probes/task-pieces.ts";
import type { Runtime } from "../runtime.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import { BlobFeatures, type BlobStore } from "./blobs.ts";
import { assertShard } from "./check-shard.ts";
import { writeFitted } from "./fit-payloads.ts";
import { sentencesPerPass } from "./job.ts";
import { runMeasuring } from "./run-measuring.ts";
import { runPreparing } from "./run-preparing.ts";
import type { ShardSpec } from "./shard-spec.ts";
import type { JobOptions, Shard } from "./shard.ts";
import { writeCompared, writeExtracted } from "./task-payloads.ts";
import { withHook } from "./with-hook.ts";

export interface ShardContext {
  readonly suite: Suite;
  readonly options: JobOptions;
  readonly runtime: Runtime;
  /** Not called by shards that need no model. */
  readonly openModel: () => Promise<Graph>;
  /** At least those of `shard.needs`. */
  readonly payloads: ReadonlyMap<string, string>;
  readonly blobs: BlobStore;
  /** Called every few hundredths of a second of work, in WebAssembly: yielding, cancellation by throwing. */
  readonly beforePass?: () => void | Promise<void>;
}

/**
 * Runs a shard, which leaves no session open.
 *
 * @returns the payload: JSON, at most 64 KiB.
 * @throws ShardError for a shard that is none of the suite's; PayloadError; UnsupportedModelError, SelfCheckError,
 * NonFiniteLossError, ExampleTooLongError, ModelTooBigError, TaskError for a model of another vocabulary: all these are
 * PlateauErrors, and running the shard again will not help. Anything else may be the machine's fault.
 */
export async function runShard(shard: Shard, context: ShardContext): Promise<string> {
  const { suite, beforePass = () => undefined } = context;
  const checked = assertShard(shard, suite);
  const { runtime, stopped } = withHook(context.runtime, beforePass, runsTogether(checked.spec, suite));
  try {
    const payload = await run(checked, { ...context, runtime });
    if (!stopped()) return payload;
  } catch (error) {
    if (!stopped()) throw error;
  }
  throw stopped()!.error;
}

function run({ id, spec }: Shard, context: ShardContext): Promise<string> {
  switch (spec.kind) {
    case "prepare":
      return explained(context, runPreparing);
    case "measure":
      return explained(context, (own, model) => runMeasuring(id, spec, own, model));
    default:
      return runPiece(id, spec, context);
  }
}

async function runPiece(id: string, piece: TaskPiece, context: ShardContext): Promise<string> {
  const { suite, options, runtime, blobs } = context;
  const runner = new PieceRunner({
    suite,
    runtime,
    subject: async () => prepareSubject(await context.openModel(), runtime, suite.corpus),
    features: new BlobFeatures(blobs),
    batch: sentencesPerPass(options),
  });
  try {
    if (piece.kind === "extract") return writeExtracted(id, await runner.extract(piece));
    if (piece.kind === "compare") return writeCompared(id, await runner.compare(piece));
    return writeFitted(id, await runner.fit(piece));
  } finally {
    await runner.dispose();
  }
}

/** Operations between two calls of `beforePass`, where runs are shorter. */
const PASS_OPERATIONS = 1e8;

/** Fits make thousands of runs, of a task's size each. */
function runsTogether(spec: ShardSpec, { tasks, definition }: Suite): number {
  if (spec.kind !== "fit") return 1;
  const { train, classes } = tasks[spec.task] as ProbeTask;
  const each = 4 * train.length * definition.probeDimensions * classes.length;
  return Math.max(1, Math.floor(PASS_OPERATIONS / Math.max(1, each)));
}

/** What the runtime throws becomes what a user can act on. */
async function explained(
  context: ShardContext,
  run: (context: ShardContext, model: Graph) => Promise<string>,
): Promise<string> {
  const model = await context.openModel();
  try {
    return await run(context, model);
  } catch (error) {
    throw await explainFailure(error, model, context.runtime, context.suite.corpus);
  }
}
