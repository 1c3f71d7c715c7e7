/**
 * The process that runs models of strangers: it knows no token, may read nothing but Plateau and the cache, write nothing
 * and start nothing (see confine.ts), and can be killed at any time. Whatever it needs of the board, its parent fetches.
 */
import { readFile } from "node:fs/promises";
import { PlateauError } from "../../../shared/errors.ts";
import type { Runtime } from "../../../shared/runtime.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import { runShard } from "../../../shared/shards/run-shard.ts";
import { parseSuite } from "../../../shared/suites/suite-file.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { startRuntime } from "../devices.ts";
import { describeFailure } from "../failure.ts";
import { ModelFile } from "../model-file.ts";
import type { FromChild, Task, ToChild } from "./protocol.ts";

let runtime: Runtime | null = null;
let suite: { readonly sha256: string; readonly value: Suite } | null = null;
let model: { readonly sha256: string; readonly file: ModelFile } | null = null;

const waiting = new Map<number, { resolve(bytes: Uint8Array | null): void; reject(error: Error): void }>();
let requests = 0;

process.on("message", (message: ToChild) => {
  if (message.kind === "start") void start(message);
  else if (message.kind === "run") void run(message.task);
  else {
    const { request, bytes, error } = message;
    const asked = waiting.get(request);
    waiting.delete(request);
    if (error === null) asked?.resolve(bytes);
    else asked?.reject(new Error(error));
  }
});
// Nobody would take what it computes.
process.on("disconnect", () => process.exit());
// The terminal tells its whole group; the parent decides.
process.on("SIGINT", () => undefined);

function say(message: FromChild): void {
  process.send!(message);
}

async function start({ device, threads }: Extract<ToChild, { kind: "start" }>): Promise<void> {
  try {
    ({ runtime } = await startRuntime(device, threads ?? undefined));
    say({ kind: "ready", device: runtime.device, ort: runtime.version });
  } catch (error) {
    say({ kind: "unavailable", reason: describeFailure(error) });
  }
}

async function run(task: Task): Promise<void> {
  const begun = performance.now();
  try {
    const payload = await runShard(task.shard, {
      suite: await suiteOf(task),
      options: task.options,
      runtime: runtime!,
      openModel: async () => (await modelOf(task)).graph,
      payloads: new Map(Object.entries(task.payloads)),
      blobs,
      // Messages get a turn.
      beforePass: () => new Promise((resolve) => setImmediate(resolve)),
    });
    say({ kind: "done", payload, seconds: (performance.now() - begun) / 1000 });
  } catch (error) {
    say({ kind: "failed", reason: describeFailure(error), final: error instanceof PlateauError });
  }
}

/** The last one used is kept. */
async function suiteOf({ suite: { id, sha256, path } }: Task): Promise<Suite> {
  if (suite?.sha256 !== sha256) {
    suite = null;
    suite = { sha256, value: parseSuite(await readFile(path, "utf8"), id) };
  }
  return suite.value;
}

async function modelOf({ model: wanted, shard }: Task): Promise<ModelFile> {
  if (!wanted) throw new Error(`${shard.id} was to run without a model`);
  if (model?.sha256 !== wanted.sha256) {
    const previous = model;
    model = null;
    await previous?.file.close();
    model = { sha256: wanted.sha256, file: await ModelFile.open(wanted.path) };
  }
  return model.file;
}

const blobs: BlobStore = {
  get: (key) => ask((request) => ({ kind: "get", request, key })),
  async put(key, bytes) {
    await ask((request) => ({ kind: "put", request, key, bytes }));
  },
};

function ask(message: (request: number) => FromChild): Promise<Uint8Array | null> {
  const request = requests++;
  return new Promise((resolve, reject) => {
    waiting.set(request, { resolve, reject });
    say(message(request));
  });
}
