/** Whatever fails on the way, the result is the one of an undisturbed run. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patiently } from "../../shared/api/client/patience.ts";
import { getEvaluation } from "../../shared/api/client/evaluations.ts";
import type { Checkpoint } from "../../shared/api/checkpoints.ts";
import type { EdgeReport, FaultReport, FaultRequest } from "../workerd/faults/settings.ts";
import { begin, bringIn, finished, hasEnded, numbersOf, until } from "./evaluate.ts";
import { sha256Of, toyMaterial, zooMaterial } from "./material.ts";
import { cleanUp, startServer, type Server } from "./server.ts";

/** Pauses between attempts, in short. */
const hurry = (seconds: number) => sleep(50 * seconds);
const SETUP = 180_000;

afterAll(cleanUp);

describe("processes that are killed", () => {
  const material = zooMaterial();
  let server: Server;
  let checkpoint: Checkpoint;
  let undisturbed: unknown;

  beforeAll(async () => {
    server = await startServer();
    checkpoint = await bringIn(server.connection, material);
    await finished(server.connection, await begin(server.connection, checkpoint, material));
    undisturbed = await numbersOf(server.connection, checkpoint, material);
  }, SETUP);

  test("the Workers, in the middle of a shard", async () => {
    const evaluation = await begin(server.connection, checkpoint, material);
    await until(server.connection, evaluation.id, ({ stage }) => stage === "measuring");
    process.kill(-server.group, "SIGKILL");
    await finished(server.connection, evaluation);
    expect(await numbersOf(server.connection, checkpoint, material)).toEqual(undisturbed);
  });

  test("the whole server, in the middle of an evaluation", async () => {
    const evaluation = await begin(server.connection, checkpoint, material);
    await until(server.connection, evaluation.id, ({ progress }) => progress.shards.done >= 2);
    const { storage } = server;
    await server.kill();
    server = await startServer({ storage });
    await finished(server.connection, evaluation);
    expect(await numbersOf(server.connection, checkpoint, material)).toEqual(undisturbed);
  });
});

describe("calls and messages that fail", () => {
  // In turn, so that a Worker has nothing left of the one before.
  const materials = [toyMaterial(1), toyMaterial(2)];
  const checkpoints: Checkpoint[] = [];
  const undisturbed: object[] = [];
  let server: Server;
  /** Kinds of calls of undisturbed evaluations. */
  let usual: readonly string[];

  beforeAll(async () => {
    server = await startServer({ script: fileURLToPath(new URL("serve-with-faults.ts", import.meta.url)) });
    for (const material of materials) {
      const checkpoint = await bringIn(server.connection, material);
      await finished(server.connection, await begin(server.connection, checkpoint, material));
      checkpoints.push(checkpoint);
      undisturbed.push(await numbersOf(server.connection, checkpoint, material));
    }
    usual = (await faults()).edge.seen;
    expect(usual.length).toBeGreaterThan(15);
  }, SETUP);

  interface Reports {
    readonly api: FaultReport;
    readonly edge: EdgeReport;
  }

  let ahead = 0;

  async function faults(settings?: Omit<FaultRequest, "ahead">): Promise<Reports> {
    const response = await fetch(`${server.address}/api/faults`, {
      ...(settings && { method: "POST", body: JSON.stringify({ ...settings, ahead }) }),
    });
    return (await response.json()) as Reports;
  }

  /** To the end of an evaluation. Where nothing goes on, time passes: leases expire, and messages count as lost. */
  async function overcome(id: string): Promise<void> {
    for (let still = 0; ; still++) {
      const evaluation = await getEvaluation(server.connection, id);
      expect(evaluation.state, evaluation.reason ?? "").not.toBe("failed");
      if (hasEnded(evaluation)) return;
      if ((await faults()).edge.handled > 0) still = 0;
      if (still >= 10) {
        ahead += 125_000;
        await faults({});
        still = 0;
      }
      await sleep(100);
    }
  }

  async function expectUndisturbed(i: number): Promise<void> {
    const { id } = await begin(server.connection, checkpoints[i]!, materials[i]!);
    await overcome(id);
    expect(await numbersOf(server.connection, checkpoints[i]!, materials[i]!)).toEqual(undisturbed[i]);
  }

  test.each(["before", "after"] as const)(
    "each kind of storage call fails once, %s it takes effect",
    async (mode) => {
      await faults({ edge: { mode } });
      // Only so much of one evaluation may fail.
      for (let evaluations = 0; ; evaluations++) {
        await expectUndisturbed(evaluations % 2);
        const { failed } = (await faults()).edge;
        const spared = usual.filter((kind) => !failed.includes(kind));
        if (spared.length === 0) break;
        expect(evaluations, spared.join("\n")).toBeLessThan(8);
      }
      await faults({ edge: { mode: null } });
    },
  );

  test("messages are lost, and come twice", async () => {
    const { lost } = (await faults({ edge: { lose: 3, repeat: true } })).edge;
    await expectUndisturbed(0);
    expect((await faults({ edge: { lose: 0, repeat: false } })).edge.lost).toBeGreaterThan(lost);
  });

  test("an upload, with each kind of call failing once", async () => {
    for (const mode of ["before", "after"] as const) {
      await faults({ api: { mode } });
      const other = toyMaterial(mode === "before" ? 3 : 4);
      const { id, sha256 } = await patiently(() => bringIn(server.connection, other, hurry), { wait: hurry });
      const { api } = await faults();
      await faults({ api: { mode: null } });
      expect(api.failed.length).toBeGreaterThan(3);
      const file = await fetch(`${server.address}/api/v1/checkpoints/${id}/file`, {
        headers: { Authorization: `Bearer ${server.token}` },
      });
      expect(sha256).toBe(sha256Of(other.model));
      expect(sha256Of(new Uint8Array(await file.arrayBuffer()))).toBe(sha256);
    }
    expect(readFileSync(server.log, "utf8")).toContain("a fault that the test asked for");
  });
});
