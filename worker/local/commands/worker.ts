/** `plateau worker`: takes shards from a board, and runs them here. */
import { homedir, totalmem } from "node:os";
import { join } from "node:path";
import { writing, type ServerOptions, type TokenOptions } from "../client/server-options.ts";
import type { Device } from "../devices.ts";
import { EXIT } from "../failure.ts";
import { FileCache } from "../lent/cache.ts";
import { Evaluator } from "../lent/evaluator.ts";
import { largestModel } from "../lent/largest-model.ts";
import { lend } from "../lent/lend.ts";
import { WorkerReport } from "../lent/report.ts";
import { stopSignal } from "../lent/stop-signal.ts";
import { byteText } from "../numbers.ts";
import { createProgress } from "../progress.ts";
import { VERSION } from "../version.ts";

export interface WorkerCommandOptions extends ServerOptions, TokenOptions {
  readonly device: Device;
  readonly threads?: number;
  /** Bytes. */
  readonly memory?: number;
  /** Seconds. */
  readonly shardTime: number;
  readonly cache?: string;
  /** Bytes. */
  readonly cacheSize: number;
  /** Seconds. */
  readonly idleExit?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Runs the command. Answers the exit code. */
export async function workerCommand(options: WorkerCommandOptions): Promise<number> {
  const connection = await writing(options);
  const cache = await FileCache.in(options.cache ?? defaultCache(), options.cacheSize);
  const memory = options.memory ?? Math.floor(0.75 * memoryOfMachine());
  const evaluator = new Evaluator({
    ...{ device: options.device, cache: cache.folder, memory },
    shardSeconds: options.shardTime,
    ...(options.threads !== undefined && { threads: options.threads }),
  });
  const report = new WorkerReport(
    createProgress(process.stderr, options.quiet ?? false),
    options.json ?? false,
  );
  const stop = stopSignal((again) => report.stopping(again));
  try {
    const { ort, device } = await evaluator.start();
    report.note(
      `${connection.server}: lending ${device}, up to ${byteText(memory)} of memory, models up to ${byteText(largestModel(memory))}`,
    );
    await lend({
      ...{ connection, cache, evaluator, stop },
      claim: { device: options.device, ort, plateau: VERSION, largestModel: largestModel(memory) },
      idleExit: options.idleExit ?? null,
      onPause: (error, seconds) => report.pause(error, seconds),
      onDownload: (work, received) => report.download(work, received),
      onClaim: (work) => report.claim(work),
      onEnd: (work, ran, given) => report.end(work, ran, given),
      onIdle: () => report.idle(),
    });
    return EXIT.ok;
  } finally {
    await evaluator.end();
    report.summary();
  }
}

function defaultCache(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "plateau");
}

/** Of a container, where there is one. */
function memoryOfMachine(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
