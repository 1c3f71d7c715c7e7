/**
 * What a lent worker adds to `plateau evaluate`: one checkpoint on one suite, by a worker of the real local server and by
 * the command, in turn, with one thread each.
 *
 *     node test/benchmarks/lent-worker.ts [CHECKPOINT | large] [REPEATS]
 *
 * `large` is a model of 100 MB on few sentences, whose shards take many seconds each; checkpoints are those of the zoo.
 * The worker's shards are timed in its own process; everything else that passes until the board has the last of them
 * (claims, payloads, features, planning the next wave) is its overhead.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { removeCheckpoint } from "../../shared/api/client/checkpoints.ts";
import { startEvaluation } from "../../shared/api/client/evaluations.ts";
import { readSuite } from "../../worker/local/suite-source.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { smallSuite } from "../support/small-suite.ts";
import { transformer } from "../support/transformer.ts";
import { entry, plateau } from "../node/cli-run.ts";
import { bringIn, finished } from "../system/evaluate.ts";
import { zooMaterial, type Material } from "../system/material.ts";
import { cleanUp, startServer, type Server } from "../system/server.ts";
import { printTable } from "./table.ts";

const name = process.argv[2] ?? "adamw-d64-s1-step-6000";
const repeats = Number(process.argv[3] ?? 2);

interface Ended {
  readonly event: string;
  readonly seconds: number | null;
  /** When it was told. */
  readonly time: number;
}

const folder = mkdtempSync(join(tmpdir(), "plateau-lent-worker-"));
const modelFile = join(folder, "model.onnx");
const suiteFile = join(folder, "suite.json");

try {
  const server = await startServer();
  const material = await (name === "large" ? largeMaterial() : checkpointMaterial());
  writeFileSync(modelFile, material.model);
  writeFileSync(suiteFile, material.suite.text);
  const rows: string[][] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const command = await timeCommand();
    const { shards, elapsed, work } = await timeWorker(server, material);
    const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
    rows.push([
      command.toFixed(1),
      elapsed.toFixed(1),
      String(shards),
      work.toFixed(1),
      ((elapsed - work) / shards).toFixed(3),
      share(elapsed - work, work),
      share(elapsed - command, command),
    ]);
  }
  printTable(
    [
      "evaluate, s",
      "worker, s",
      "shards",
      "in shards, s",
      "between two, s",
      "overhead over shards",
      "over evaluate",
    ],
    rows,
  );
} finally {
  await cleanUp();
  rmSync(folder, { recursive: true });
}

async function checkpointMaterial(): Promise<Material> {
  const { text, suite } = await readSuite("pcfg-mini");
  return { ...zooMaterial(name), suite: { id: suite.definition.id, text } };
}

function largeMaterial(): Promise<Material> {
  const suite = smallSuite({ id: "long@1", examples: 600 });
  const { size: vocabulary } = suite.definition.vocabulary;
  const { bytes } = transformer({ layers: 8, width: 512, heads: 8, vocabulary, positions: 64 });
  return Promise.resolve({
    ...{ file: "large.onnx", model: bytes },
    suite: { id: suite.definition.id, text: formatSuite(suite) },
  });
}

/** Seconds of the command, without its start. */
async function timeCommand(): Promise<number> {
  const { code, stdout, stderr } = await plateau([
    ...["evaluate", modelFile, "--suite", suiteFile, "--threads", "1", "--json", "-", "--quiet"],
  ]);
  if (code !== 0) throw new Error(stderr);
  const [result] = [JSON.parse(stdout) as { receipt: { seconds: number } }].flat();
  return result!.receipt.seconds;
}

async function timeWorker(server: Server, material: Material) {
  const checkpoint = await bringIn(server.connection, material);
  const cache = join(server.storage, "cache");
  const evaluation = await startEvaluation(server.connection, {
    ...{ checkpoint: checkpoint.id, suite: material.suite.id, workers: "lent" },
  });
  const args = ["worker", "--server", server.address, "--token-file", server.tokenFile];
  const child = spawn(
    process.execPath,
    [entry, ...args, "--threads", "1", "--json", "--quiet", "--cache", cache],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const events: Ended[] = [];
  createInterface(child.stdout).on("line", (line) => {
    events.push({ ...(JSON.parse(line) as Omit<Ended, "time">), time: performance.now() / 1000 });
  });
  await finished(server.connection, evaluation, 600);
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
  const ended = events.filter(({ event, seconds }) => event === "ended" && seconds !== null);
  await removeCheckpoint(server.connection, checkpoint.id);
  rmSync(cache, { recursive: true });
  return {
    shards: ended.length,
    elapsed: ended.at(-1)!.time - events[0]!.time,
    work: ended.reduce((sum, { seconds }) => sum + seconds!, 0),
  };
}
