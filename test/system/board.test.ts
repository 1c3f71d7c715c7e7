/** A board in use: `plateau push`, and many who read meanwhile. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginUpload, sendPart } from "../../shared/api/client/checkpoints.ts";
import { listEvaluations } from "../../shared/api/client/evaluations.ts";
import { requestJson } from "../../shared/api/client/connection.ts";
import { getBoard, publishSuite } from "../../shared/api/client/suites.ts";
import { PART_BYTES } from "../../shared/api/uploads.ts";
import { issuedTokenSchema, type Scope } from "../../shared/api/tokens.ts";
import { expectSentence, plateau, type Outcome } from "../node/cli-run.ts";
import { begin, bringIn, finished, until } from "./evaluate.ts";
import { largeToy, sha256Of, toyMaterial, zooMaterial } from "./material.ts";
import { sendMutants } from "./mutants.ts";
import { cleanUp, startServer, type Server } from "./server.ts";

const ZOO = new URL("../../models/zoo/pcfg-mini/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "plateau-push-"));
let server: Server;

beforeAll(async () => {
  server = await startServer();
  await publishSuite(server.connection, zooMaterial().suite.text);
}, 120_000);

afterAll(async () => {
  await cleanUp();
  rmSync(folder, { recursive: true });
});

function push(...args: string[]): Promise<Outcome> {
  return plateau(["push", "--server", server.address, "--token-file", server.tokenFile, ...args]);
}

/** A token for these scopes, in a file. */
async function tokenFile(scopes: readonly Scope[]): Promise<string> {
  const { token, id } = await requestJson(server.connection, issuedTokenSchema, "tokens", {
    json: { label: "test", scopes },
  });
  const path = join(folder, id);
  writeFileSync(path, token);
  return path;
}

test("a checkpoint of the zoo, to its complete row", async () => {
  const outcome = await push(`${ZOO}adamw-d32-s1-step-9000.onnx`);
  expect(outcome.stderr).toContain("26,638 parameters: 26,176 moved, 462 taken exactly");
  expect(outcome).toMatchObject({ code: 0 });
  expect(outcome.stdout).toMatch(/adamw-d32-s1-step-9000 +26\.6k/);
  const { rows } = await getBoard(server.connection, "small");
  expect(rows).toHaveLength(1);
  const row = rows[0]!;
  expect(row).toMatchObject({
    name: "adamw-d32-s1-step-9000",
    origin: "edge",
    run: "adamw-d32-s1",
    family: "d32",
  });
  for (const cell of [...Object.values(row.measures), ...Object.values(row.tasks)]) {
    expect(cell.value).toEqual(expect.any(Number));
  }

  const log = () => readFileSync(server.log, "utf8");
  const states = (state: string) =>
    new RegExp(`Z evaluation [a-z2-7]{16} of ${row.checkpoint} with small@1 is ${state}`);
  await expect.poll(log, { timeout: 20_000 }).toMatch(states("finished after \\d"));
  expect(log()).toMatch(states("(queued|running)"));

  const again = await push(`${ZOO}adamw-d32-s1-step-9000.onnx`, "--json");
  expect(again.stderr).toContain("this board has evaluated it with small@1 before");
  expect(JSON.parse(again.stdout)).toMatchObject([
    { checkpoint: row.checkpoint, evaluation: null, result: { measures: row.measures } },
  ]);
});

test("an interruption says how to go on, and that works", async () => {
  const path = `${ZOO}adamw-d32-s2-step-12000.onnx`;
  const interrupted = await plateau(
    ["push", path, "--server", server.address, "--token-file", server.tokenFile],
    {
      during(child) {
        child.stderr!.on("data", (chunk: Buffer) => {
          if (chunk.includes("checkpoint ")) setTimeout(() => child.kill("SIGINT"), 500);
        });
      },
    },
  );
  expect(interrupted.signal).toBe("SIGINT");
  expect(interrupted.stderr).toContain("run the same command again");
  const outcome = await push(path, "--json");
  expect(outcome.code).toBe(0);
  expect(JSON.parse(outcome.stdout)).toMatchObject([
    { name: "adamw-d32-s2-step-12000", result: { suite: "small@1" } },
  ]);
});

test("only what is missing of a large file is sent", async () => {
  const model = largeToy(2 * PART_BYTES + 1000);
  const path = join(folder, "large.onnx");
  writeFileSync(path, model);
  const upload = { file: "large.onnx", bytes: model.length, sha256: sha256Of(model) };
  const { id } = await beginUpload(server.connection, upload);
  await sendPart(server.connection, id, 2, model.subarray(PART_BYTES, 2 * PART_BYTES));
  const outcome = await push(path, "--no-evaluate", "--public", "--json");
  expect(outcome.stderr).toContain("16.8 MB are there from before");
  expect(JSON.parse(outcome.stdout)).toMatchObject([
    { checkpoint: id, visibility: "public", evaluation: null },
  ]);
  const file = await fetch(`${server.address}/api/v1/checkpoints/${id}/file`);
  expect(sha256Of(new Uint8Array(await file.arrayBuffer()))).toBe(upload.sha256);
});

test("says what is wrong, each in one sentence", async () => {
  const model = `${ZOO}adamw-d48-s1-step-6000.onnx`;
  const to = (...args: string[]) => plateau(["push", model, ...args]);
  const here = ["--server", server.address];
  expectSentence(await to(...here), /This needs a token: .* --token-file/, 2);
  expectSentence(await to(...here, "--token-file", "nowhere"), /nowhere cannot be read/, 2);
  expectSentence(
    await to("--server", "http://127.0.0.1:9", "--token-file", server.tokenFile),
    /does not answer/,
    1,
  );
  expectSentence(
    await to("--server", "board.example", "--token-file", server.tokenFile),
    /not a board's address/,
    1,
  );
  expectSentence(await push(model, "--suite", "nothing"), /There is no suite nothing/, 1);

  const wrong = join(folder, "wrong");
  writeFileSync(wrong, `plateau_${"0".repeat(16)}_${"0".repeat(64)}\n`);
  const unknown = await to(...here, "--token-file", wrong, "--quiet");
  expectSentence(unknown, /This board knows no such token/, 1);
  const reader = await to(...here, "--token-file", await tokenFile(["work"]), "--quiet");
  expectSentence(reader, /may work, but this needs the scope submit/, 1);

  const toy = join(folder, "toy.onnx");
  writeFileSync(toy, toyMaterial().model);
  expectSentence(await push(toy), /The model knows 11 tokens, but small@1 has a vocabulary of/, 1);
  writeFileSync(toy, "no model");
  expectSentence(await push(toy), /toy\.onnx/, 1);
});

test("a token reaches no command line: everybody can see those", async () => {
  const { code, stderr } = await push("--token", "secret", "model.onnx");
  expect(code).toBe(2);
  expect(stderr).toContain("unknown option '--token'");
});

test("200 read at the same time while an evaluation runs, without an error", async () => {
  const material = zooMaterial("adamw-d48-s1-step-6000");
  const { id } = await begin(server.connection, await bringIn(server.connection, material), material);
  await until(server.connection, id, ({ stage }) => stage === "measuring");
  const paths = [
    "boards",
    "boards/small",
    "boards/small?format=csv",
    "boards/small/columns",
    "suites/small",
    "evaluations",
  ];
  const readers = Array.from({ length: 200 }, async (_, reader) => {
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${server.address}/api/v1/${paths[(reader + i) % paths.length]!}`);
      await response.text();
      statuses.push(response.status);
    }
    return statuses;
  });
  expect(new Set((await Promise.all(readers)).flat())).toEqual(new Set([200]));
  await finished(server.connection, { id });
});

test("damaged models are evaluated or refused, with a reason, and nothing is left under way", async () => {
  const outcomes = await sendMutants(server.connection, 24);
  expect(new Set(outcomes.map(({ end }) => end))).toContain("finished");
  expect(new Set(outcomes.map(({ end }) => end))).toContain("refused");
  for (const { end, reason, seed } of outcomes) {
    if (end !== "finished") expect(reason, `seed ${seed}`).toMatch(/\S/);
  }
  for (const state of ["queued", "running"] as const) {
    expect((await listEvaluations(server.connection, { state })).evaluations).toEqual([]);
  }
});
