/**
 * A model that the edge cannot take, all the way: of two files, pushed to the real local server by a client that is killed
 * three times, evaluated by two lent workers of different owners, replayed, and shown as replicated. Then the same model
 * evaluated by `plateau evaluate`. Tells times, what was sent twice, and peaks of memory.
 *
 *     node test/benchmarks/lent-large.ts [MEGABYTES]
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beginUpload, getCheckpoint } from "../../shared/api/client/checkpoints.ts";
import { requestJson } from "../../shared/api/client/connection.ts";
import { startEvaluation } from "../../shared/api/client/evaluations.ts";
import { publishSuite } from "../../shared/api/client/suites.ts";
import { getAudit } from "../../shared/api/client/work.ts";
import { issuedTokenSchema } from "../../shared/api/tokens.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { checkModel } from "../../worker/local/client/check-model.ts";
import { entry } from "../node/cli-run.ts";
import { withExternalData } from "../support/external-data.ts";
import { smallSuite } from "../support/small-suite.ts";
import { transformer } from "../support/transformer.ts";
import { finished } from "../system/evaluate.ts";
import { cleanUp, startServer, type Server } from "../system/server.ts";
import { residentMiB } from "./resident.ts";
import { printTable } from "./table.ts";

const megabytes = Number(process.argv[2] ?? 100);
const CUTS = [0.25, 0.5, 0.75];
const LAYERS = 8;

const folder = mkdtempSync(join(tmpdir(), "plateau-large-"));
const path = join(folder, "large.onnx");
const rows: string[][] = [];
const suite = smallSuite();
const { id: suiteId } = suite.definition;

/** Whatever was started, so that nothing outlives this. */
const children = new Set<ChildProcess>();

try {
  const bytes = writeModelOfTwoFiles();
  const suiteFile = join(folder, "suite.json");
  writeFileSync(suiteFile, formatSuite(suite));
  const server = await startServer();
  await publishSuite(server.connection, formatSuite(suite));
  await push(server);
  await evaluateByTwo(server, bytes);
  rows.push(["server", "", `${residentMiB(server)} MiB now`]);
  const alone = run(["evaluate", path, "--suite", suiteFile, "--threads", "1", "--json", "-", "--quiet"]);
  const seconds = await alone.ended;
  rows.push(["plateau evaluate", seconds.toFixed(1), peakOf(alone.peak(), bytes)]);
  console.log(`A model of ${(bytes / 1e6).toFixed(0)} MB in two files, ${suiteId}`);
  printTable(["what", "s", ""], rows);
} finally {
  for (const child of children) child.kill("SIGKILL");
  await cleanUp();
  rmSync(folder, { recursive: true });
}

/** Bytes of both files. */
function writeModelOfTwoFiles(): number {
  const width = 64 * Math.round(Math.sqrt((megabytes * 1e6) / 4 / (12 * LAYERS)) / 64);
  const { size: vocabulary } = suite.definition.vocabulary;
  const shape = { layers: LAYERS, width, heads: width / 64, vocabulary, positions: 64 };
  const { model, data } = withExternalData(transformer(shape).bytes, "large.onnx.data");
  writeFileSync(path, model);
  writeFileSync(`${path}.data`, data);
  return model.length + data.length;
}

/** Killed three times on the way; then to its end. */
async function push({ address, connection, tokenFile }: Server): Promise<void> {
  const args = ["push", path, "--no-evaluate", "--server", address, "--token-file", tokenFile];
  const { sent, sha256 } = await checkModel(path, null);
  const upload = { file: sent.name, bytes: sent.bytes, sha256, visibility: "private" as const };
  const received = async () => {
    const there = await beginUpload(connection, upload);
    return there.state === "complete" ? 1 : there.received.length / there.parts;
  };
  const begun = performance.now();
  const kept: string[] = [];
  for (const cut of CUTS) {
    const child = run(args);
    while ((await received()) < cut) await sleep(50);
    child.process.kill("SIGKILL");
    await child.ended;
    kept.push(`${Math.round(100 * (await received()))} %`);
  }
  const last = run(args);
  await last.ended;
  const resumed = /(\S+ \S+) are there from before/.exec(last.said())?.[1];
  if ((await received()) !== 1) throw new Error(last.said());
  rows.push([
    `upload, killed ${CUTS.length} times`,
    ((performance.now() - begun) / 1000).toFixed(1),
    `there after each: ${kept.join(", ")}; the last one went on from ${resumed ?? "the beginning"}`,
  ]);
}

/** Until the board says that its numbers were replicated. */
async function evaluateByTwo(server: Server, bytes: number): Promise<void> {
  const { connection } = server;
  const { sha256, sent } = await checkModel(path, null);
  const there = await beginUpload(connection, { file: sent.name, bytes: sent.bytes, sha256 });
  if (there.state !== "complete") throw new Error("the upload is not complete");
  const begun = performance.now();
  const elapsed = () => ((performance.now() - begun) / 1000).toFixed(1);
  const evaluation = await startEvaluation(connection, { checkpoint: there.id, suite: suiteId });
  if (evaluation.device !== "lent") throw new Error(`it is for '${evaluation.device}'`);
  const workers = [];
  for (const owner of ["Ada", "Grace"]) {
    const { token } = await requestJson(connection, issuedTokenSchema, "tokens", {
      json: { label: owner, scopes: ["work"] },
    });
    const file = join(folder, owner);
    writeFileSync(file, token, { mode: 0o600 });
    const cache = join(folder, `cache-${owner}`);
    workers.push(
      run(["worker", "--server", server.address, "--token-file", file, "--cache", cache, "--threads", "1"]),
    );
  }
  await finished(connection, evaluation, 1800);
  const originNow = async () =>
    (
      await getCheckpoint(connection, there.id).then((found) =>
        found.state === "complete" ? found.results : [],
      )
    ).find((result) => result.suite === suiteId)?.origin;
  rows.push(["evaluated by two workers", elapsed(), `${await originNow()}`]);
  while ((await originNow()) !== "replicated") {
    if (performance.now() - begun > 1_800_000) throw new Error(`still ${await originNow()}`);
    await sleep(500);
  }
  const { replays } = await getAudit(connection, evaluation.id);
  rows.push(["replayed", elapsed(), `${await originNow()}, ${replays.length} shards were run again`]);
  for (const [i, worker] of workers.entries()) {
    rows.push([`worker ${i + 1}`, "", peakOf(worker.peak(), bytes)]);
    worker.process.kill("SIGTERM");
    await worker.ended;
  }
}

function run(args: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  children.add(child);
  const begun = performance.now();
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words += chunk.toString()));
  let peak = 0;
  const look = setInterval(() => {
    if (child.pid) peak = Math.max(peak, ...family(child.pid).map(peakMiB));
  }, 50);
  const ended = new Promise<number>((resolve) =>
    child.once("exit", () => {
      clearInterval(look);
      children.delete(child);
      resolve((performance.now() - begun) / 1000);
    }),
  );
  return { process: child, ended, said: () => words, peak: () => peak };
}

/** The process and its children: workers run models in one of those. */
function family(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(text ? text.split(" ").flatMap((child) => family(Number(child))) : [])];
  } catch {
    return [];
  }
}

/** The most that a process has held so far. */
function peakMiB(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function peakOf(mebibytes: number, bytes: number): string {
  return `peak ${mebibytes.toFixed(0)} MiB, ${((mebibytes * 2 ** 20) / bytes).toFixed(2)} × the model`;
}
