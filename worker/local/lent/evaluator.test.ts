/** Models of strangers run in a process that may do little, and whose end is a failed shard and no more. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../../shared/onnx/write.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import { nextShards } from "../../../shared/shards/plan.ts";
import type { Shard } from "../../../shared/shards/shard.ts";
import { formatSuite } from "../../../shared/suites/suite-file.ts";
import { runInShards, type ShardedRun } from "../../../test/support/run-in-shards.ts";
import { toyModel } from "../../../test/support/toy-models.ts";
import { toySuite } from "../../../test/support/toy-suite.ts";
import { createNodeRuntime } from "../runtimes/node.ts";
import { childArguments, childEnvironment } from "./confine.ts";
import { Evaluator, type EvaluatorOptions } from "./evaluator.ts";
import type { CachedFile, Task } from "./protocol.ts";
import { residentBytes } from "./resident.ts";

const cache = mkdtempSync(join(tmpdir(), "plateau-lent-"));
const toy = toySuite("mlm", { examples: 20 });
// Those that a suite file may hold.
const suite = { ...toy, tasks: toy.tasks.filter(({ id }) => ["second", "pairs", "choice"].includes(id)) };
const options = { seed: 1, batch: 8 };
const graph = () => toyModel("mlm").graph;

function kept(bytes: Uint8Array | string): CachedFile {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  mkdirSync(join(cache, sha256), { recursive: true });
  const path = join(cache, sha256, "file");
  writeFileSync(path, bytes);
  return { sha256, path };
}

const suiteFile = { id: suite.definition.id, ...kept(formatSuite(suite)) };
const modelFile = kept(writeModel(graph()).graph);
const prepare = nextShards(suite, options, new Map())[0]!;

function taskOf(shard: Shard, change: Partial<Task> = {}): Task {
  return { shard, options, payloads: {}, suite: suiteFile, model: modelFile, ...change };
}

const noBlobs: BlobStore = {
  get: () => Promise.reject(new Error("read")),
  put: () => Promise.reject(new Error("written")),
};

let evaluator: Evaluator;
function start(change: Partial<EvaluatorOptions> = {}): Evaluator {
  evaluator = new Evaluator({ device: "cpu", threads: 1, cache, memory: 4e9, shardSeconds: 60, ...change });
  return evaluator;
}
afterEach(() => evaluator.end());
afterAll(() => rmSync(cache, { recursive: true }));

/** Process ids of this one's children that run child.ts. */
async function children(): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, parent, ...args] = line.trim().split(/\s+/);
    return Number(parent) === process.pid && args.join(" ").includes("lent/child.ts") ? [Number(pid)] : [];
  });
}

let here: ShardedRun;
beforeAll(async () => {
  const runtime = await createNodeRuntime({ threads: 1 });
  here = await runInShards(suite, options, runtime, () => Promise.resolve(graph()), { times: 1 });
});

test("shards of every kind give what they give here", async () => {
  const { payloads, shards, blobs } = here;
  start();
  const written = new Map<string, Uint8Array>();
  const store: BlobStore = {
    get: (key) => Promise.resolve(written.get(key) ?? null),
    put(key, bytes) {
      written.set(key, bytes);
      return Promise.resolve();
    },
  };
  for (const shard of shards) {
    const needs = Object.fromEntries(shard.needs.map((id) => [id, payloads.get(id)!]));
    const outcome = await evaluator.run(taskOf(shard, { payloads: needs }), store);
    expect(outcome, shard.id).toMatchObject({ kind: "done", payload: payloads.get(shard.id) });
  }
  expect([...written.keys()].sort()).toEqual([...blobs.keys()].sort());
  for (const [key, bytes] of blobs) expect(Buffer.compare(bytes, written.get(key)!)).toBe(0);
});

test("says what works and which version it is", async () => {
  const { version } = await createNodeRuntime();
  expect(await start().start()).toMatchObject({ device: "cpu", ort: version });
});

describe("what ends a shard leaves the worker alive", () => {
  test("more memory than it may take", async () => {
    const outcome = await start({ memory: 3e7 }).run(taskOf(prepare), noBlobs);
    expect(outcome).toEqual({
      kind: "failed",
      reason: "The shard took more than the 30.0 MB of memory that this worker gives.",
      final: false,
    });
  });

  test("more time than it may take", async () => {
    const outcome = await start({ shardSeconds: 0.01 }).run(taskOf(prepare), noBlobs);
    expect(outcome).toMatchObject({ kind: "failed", final: false });
    expect(outcome).toHaveProperty("reason", expect.stringMatching(/took longer than the 0 s/));
  });

  test.each(["SIGKILL", "SIGABRT", "SIGSEGV"] as const)("%s, and then it goes on", async (signal) => {
    await start().start();
    const running = evaluator.run(taskOf(prepare), noBlobs);
    for (const pid of await children()) process.kill(pid, signal);
    const outcome = await running;
    expect(outcome).toMatchObject({ kind: "failed", final: false });
    expect(outcome).toHaveProperty("reason", expect.stringContaining(`ended by ${signal}`));
    expect(await evaluator.run(taskOf(prepare), noBlobs)).toMatchObject({ kind: "done" });
  });

  test("a model that is none, which fails anywhere", async () => {
    const outcome = await start().run(taskOf(prepare, { model: kept("no model") }), noBlobs);
    expect(outcome).toMatchObject({ kind: "failed", final: true });
    expect(await evaluator.run(taskOf(prepare), noBlobs)).toMatchObject({ kind: "done" });
  });

  test("being stopped", async () => {
    await start().start();
    const running = evaluator.run(taskOf(prepare), noBlobs);
    evaluator.stop();
    expect(await running).toEqual({ kind: "stopped" });
    expect(await children()).toEqual([]);
  });
});

test("a shard whose features cannot be had fails, and may be tried again", async () => {
  const { payloads, shards } = here;
  const fit = shards.find(({ id }) => id === "fit/0/first/0")!;
  const needs = Object.fromEntries(fit.needs.map((id) => [id, payloads.get(id)!]));
  const outcome = await start().run(taskOf(fit, { payloads: needs, model: null }), noBlobs);
  expect(outcome).toMatchObject({ kind: "failed", final: false });
});

describe("the process may do little", () => {
  const attempt = async (code: string) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...childArguments(realpathSync(cache)), "--input-type=module", "--eval", code],
      { env: childEnvironment({ ...process.env, PLATEAU_TOKEN: "secret", PLATEAU_OWNER_TOKEN: "secret" }) },
    ).catch((error: { stderr: string }) => ({ stdout: error.stderr }));
    return stdout;
  };

  test.each([
    ["read elsewhere", `import fs from "node:fs"; fs.readFileSync("/etc/hostname")`],
    ["look elsewhere", `import fs from "node:fs"; fs.readdirSync(${JSON.stringify(tmpdir())})`],
    [
      "write to the cache",
      `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(join(cache, "x"))}, "")`,
    ],
    ["start programs", `import { execFileSync } from "node:child_process"; execFileSync("/bin/true")`],
    ["start threads", `import { Worker } from "node:worker_threads"; new Worker("1", { eval: true })`],
  ])("not %s", async (_, code) => {
    expect(await attempt(code)).toContain("ERR_ACCESS_DENIED");
  });

  test("and knows no token", async () => {
    const said = await attempt("console.log(JSON.stringify(process.env))");
    expect(said).toContain("PATH");
    expect(said).not.toContain("secret");
  });
});

test("the memory of a process, and of none", async () => {
  start();
  expect(await residentBytes(process.pid)).toBeGreaterThan(1e7);
  expect(await residentBytes(2 ** 22 + 1)).toBeNull();
});
