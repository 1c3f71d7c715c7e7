/** Machines lent to a board: `plateau worker`, in processes that vanish, stand still, are stopped and are not let in. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { request, requestJson } from "../../shared/api/client/connection.ts";
import type { Checkpoint } from "../../shared/api/checkpoints.ts";
import { startEvaluation } from "../../shared/api/client/evaluations.ts";
import { getAudit } from "../../shared/api/client/work.ts";
import { issuedTokenSchema, type Scope } from "../../shared/api/tokens.ts";
import { entry, expectSentence, plateau } from "../node/cli-run.ts";
import { bringIn, finished, numbersOf, until } from "./evaluate.ts";
import { toyMaterial, zooMaterial, type Material } from "./material.ts";
import { cleanUp, startServer, type Server } from "./server.ts";
import { thorough } from "../support/thorough.ts";

const folder = mkdtempSync(join(tmpdir(), "plateau-lent-"));
let server: Server;

beforeAll(async () => {
  server = await startServer();
}, 120_000);

afterEach(() => {
  for (const worker of workers.splice(0)) worker.process.kill("SIGKILL");
});

afterAll(async () => {
  await cleanUp();
  rmSync(folder, { recursive: true });
});

interface ShardEvent {
  readonly event: "claimed" | "ended";
  readonly evaluation: string;
  readonly shard: string;
  readonly outcome?: string;
}

interface LentWorker {
  readonly process: ChildProcess;
  readonly events: ShardEvent[];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  said(): string;
}

const workers: LentWorker[] = [];

/** A token for these scopes, in a file. */
async function issue(
  scopes: readonly Scope[],
  to = server,
): Promise<{ readonly id: string; readonly path: string }> {
  const { token, id } = await requestJson(to.connection, issuedTokenSchema, "tokens", {
    json: { label: "a worker", scopes },
  });
  const path = join(folder, id);
  writeFileSync(path, token);
  return { id, path };
}

function argumentsOf(tokenFile: string, to: Server, more: readonly string[] = []): string[] {
  const cache = ["--cache", join(folder, "cache"), "--threads", "1"];
  return ["worker", "--server", to.address, "--token-file", tokenFile, "--json", ...cache, ...more];
}

function lend(tokenFile: string, { to = server, more = [] as readonly string[] } = {}): LentWorker {
  const child = spawn(process.execPath, [entry, ...argumentsOf(tokenFile, to, more)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const events: ShardEvent[] = [];
  createInterface(child.stdout).on("line", (line) => events.push(JSON.parse(line) as ShardEvent));
  const worker: LentWorker = {
    process: child,
    events,
    ended: new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal }))),
    said: () => words,
  };
  workers.push(worker);
  return worker;
}

/** Waits until the workers are where they are wanted. */
async function whenever(
  these: readonly LentWorker[],
  wanted: (these: readonly LentWorker[]) => boolean,
): Promise<void> {
  for (let tries = 0; !wanted(these); tries++) {
    if (tries > 2400)
      throw new Error(`that did not happen: ${these.map((worker) => worker.said()).join("\n")}`);
    await sleep(25);
  }
}

/** The shard that it runs: results go to the board while the next shard runs, so that the last event may be an older one's. */
function inHand({ events }: LentWorker): ShardEvent | null {
  const last = events.findLastIndex(({ event }) => event === "claimed");
  const claimed = events[last];
  if (!claimed) return null;
  const isItsEnd = ({ event, evaluation, shard }: ShardEvent) =>
    event === "ended" && evaluation === claimed.evaluation && shard === claimed.shard;
  return events.slice(last).some(isItsEnd) ? null : claimed;
}

const isBusy = (worker: LentWorker) => inHand(worker) !== null;

test.runIf(thorough)(
  "four workers, one killed and one paused past its lease, give what one gives undisturbed",
  async () => {
    const material = zooMaterial();
    const { checkpoint, id } = await underWay(material);
    const tokens = await Promise.all(Array.from({ length: 4 }, () => issue(["work"])));
    const [killed, paused] = tokens.slice(0, 2).map(({ path }) => lend(path));
    await whenever([killed!, paused!], (each) => each.every(isBusy));
    killed!.process.kill("SIGKILL");
    paused!.process.kill("SIGSTOP");
    tokens.slice(2).forEach(({ path }) => lend(path));
    await finished(server.connection, { id }, 280);
    paused!.process.kill("SIGCONT");

    const other = await startServer();
    const again = await bringIn(other.connection, material);
    const undisturbed = await startEvaluation(other.connection, {
      ...{ checkpoint: again.id, suite: material.suite.id, workers: "lent" },
    });
    lend((await issue(["work"], other)).path, { to: other });
    await finished(other.connection, undisturbed, 120);
    expect(await numbersOf(server.connection, checkpoint, material)).toEqual(
      await numbersOf(other.connection, again, material),
    );
  },
  500_000,
);

test("a signal finishes the shard in hand, and the worker ends well", async () => {
  const { id } = await underWay(toyMaterial(2));
  const worker = lend((await issue(["work"])).path);
  await whenever([worker], ([only]) => isBusy(only!));
  worker.process.kill("SIGTERM");
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  expect(worker.said()).toContain("stopping after this shard");
  expect(worker.events.at(-1)).toMatchObject({ event: "ended", outcome: "accepted" });
  // Nothing was lost, and others go on at once.
  lend((await issue(["work"])).path, { more: ["--idle-exit", "60s"] });
  await finished(server.connection, { id });
  const audit = await getAudit(server.connection, id);
  expect(audit.workers.map(({ shards }) => shards).reduce((sum, shards) => sum + shards, 0)).toBeGreaterThan(
    3,
  );
  expect(audit.standing).toMatch(/unverified|replicated/);
});

test("a token that is revoked in the middle of a shard ends the worker, which says why", async () => {
  const { id } = await underWay(toyMaterial(3));
  const token = await issue(["work"]);
  const worker = lend(token.path);
  await whenever([worker], ([only]) => isBusy(only!));
  await request(server.connection, `tokens/${token.id}`, { method: "DELETE" });
  expect(await worker.ended).toMatchObject({ code: 1 });
  expect(worker.said()).toMatch(/plateau: .*revoked/i);
  // Its shard goes to others in time.
  const { state } = await until(server.connection, id, () => true);
  expect(state).not.toBe("failed");
}, 200_000);

test("says who it is not let in for, each in one sentence", async () => {
  const run = (path: string) => plateau([...argumentsOf(path, server), "--quiet", "--idle-exit", "0s"]);
  expectSentence(await run((await issue(["submit"])).path), /may submit, but this needs the scope work/, 1);
  const wrong = join(folder, "wrong");
  writeFileSync(wrong, `plateau_${"0".repeat(16)}_${"0".repeat(64)}\n`);
  expectSentence(await run(wrong), /This board knows no such token/, 1);
  expectSentence(await run(join(folder, "nowhere")), /cannot be read/, 2);
}, 60_000);

test.runIf(thorough)("with nothing to do it waits, and ends after that where it is told to", async () => {
  const idle = await startServer();
  const token = await issue(["work"], idle);
  const outcome = await plateau([...argumentsOf(token.path, idle), "--idle-exit", "2s"]);
  expect(outcome).toMatchObject({ code: 0, stdout: "" });
  expect(outcome.stderr).toContain("nothing to do at the moment; waiting");
  expect(outcome.seconds).toBeGreaterThan(2);
});

test("a model that kills its process is a failed attempt, told in words, and the worker lives on", async () => {
  const { id } = await underWay(zooMaterial("adamw-d32-s2-step-12000"));
  const worker = lend((await issue(["work"])).path);
  await whenever([worker], ([only]) => inHand(only!)?.shard.startsWith("measure/") === true);
  // A process that stands still cannot finish its shard first.
  const child = childOf(worker.process.pid!);
  process.kill(child, "SIGSTOP");
  await sleep(500);
  await whenever([worker], ([only]) => isBusy(only!));
  await sleep(500);
  process.kill(child, "SIGSEGV");
  process.kill(child, "SIGCONT");
  await finished(server.connection, { id }, 100);
  expect(worker.said()).toContain("given back: The process that ran the model ended by SIGSEGV");
  const outcomes = worker.events.flatMap(({ outcome }) => outcome ?? []);
  expect(outcomes.filter((outcome) => outcome === "given back")).toHaveLength(1);
  expect(outcomes.at(-1)).toBe("accepted");
}, 200_000);

/** The process that runs the models of a worker. */
function childOf(worker: number): number {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const found = lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .find(([, parent]) => parent === worker);
  return found![0]!;
}

/** An evaluation by lent workers. */
async function underWay(
  material: Material,
): Promise<{ readonly checkpoint: Checkpoint; readonly id: string }> {
  const checkpoint = await bringIn(server.connection, material);
  const { id } = await startEvaluation(server.connection, {
    ...{ checkpoint: checkpoint.id, suite: material.suite.id, workers: "lent" },
  });
  return { checkpoint, id };
}
