/** The worker that evaluates. One job is all it ever does: whoever wants it to stop ends it. */
import { config } from "zod";
import { version } from "../../../package.json";
import { PlateauError } from "../../../shared/errors.ts";
import type { ProgressState } from "../../../shared/evaluate/progress-plan.ts";
import { evaluateFile } from "./evaluate-file.ts";
import { failureOf, type FromWorker, type Job } from "./messages.ts";
import { isOutOfMemory, tooBig } from "./out-of-memory.ts";
import { startEngine } from "./runtime.ts";

// The content security policy forbids compiling code, which zod would otherwise try.
config({ jitless: true });

const tell = (message: FromWorker) => postMessage(message);

addEventListener(
  "message",
  ({ data }: MessageEvent<Job>) => {
    void run(data).catch((thrown: unknown) => {
      // What the engine itself runs out of is told by it already.
      const error = thrown instanceof RangeError && isOutOfMemory(thrown) ? tooBig("this", thrown) : thrown;
      tell({ kind: "failure", failure: failureOf(error, error instanceof PlateauError) });
    });
  },
  { once: true },
);

async function run(job: Job): Promise<void> {
  tell({
    kind: "progress",
    state: { stage: "loading the engine", fraction: 0, rate: null, secondsLeft: null },
  });
  const engine = await startEngine(job.device, job.threads);
  const { result, agreement } = await evaluateFile(job, engine, {
    onProgress: seldom((state) => tell({ kind: "progress", state })),
    now: () => performance.now() / 1000,
    versions: { plateau: version, node: navigator.userAgent },
  });
  if (result) tell({ kind: "result", result, agreement });
  else tell({ kind: "refused", agreement: agreement! });
}

/** Milliseconds between two words about the same stage: passes may take less. */
const INTERVAL = 100;

function seldom(tell: (state: ProgressState) => void): (state: ProgressState) => void {
  let last = { stage: "", time: -Infinity };
  return (state) => {
    const time = performance.now();
    if (state.stage === last.stage && time < last.time + INTERVAL) return;
    last = { stage: state.stage, time };
    tell(state);
  };
}
