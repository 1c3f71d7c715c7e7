/** A board taken out by `plateau export` and brought into an empty one by `plateau import`: the same boards. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hideRow } from "../../shared/api/client/admin.ts";
import type { Connection } from "../../shared/api/client/connection.ts";
import { getBoard, listBoards } from "../../shared/api/client/suites.ts";
import { expectSentence, plateau } from "../node/cli-run.ts";
import { begin, bringIn, finished } from "./evaluate.ts";
import { toyMaterial } from "./material.ts";
import { cleanUp, newStorage, startServer, type Server } from "./server.ts";

let server: Server;
let file: string;

beforeAll(async () => {
  server = await startServer({ seed: "pcfg-mini" });
  file = join(newStorage(), "board.jsonl");
  const toy = toyMaterial(1);
  const checkpoint = await bringIn(server.connection, toy);
  await finished(server.connection, await begin(server.connection, checkpoint, toy));
  const { rows } = await getBoard(server.connection, "pcfg-mini");
  await hideRow(
    server.connection,
    { suite: "pcfg-mini@1", checkpoint: rows[3]!.checkpoint },
    "trained on it",
  );
}, 240_000);
afterAll(cleanUp);

const run = (command: "export" | "import", to: Server, ...rest: string[]) =>
  plateau([command, file, "--server", to.address, "--token-file", to.tokenFile, ...rest]);

/** All that anyone can read, byte by byte where it is a file; without models, which an export leaves out. */
async function shown({ address, connection }: Server): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  const read = async (path: string) => {
    const response = await fetch(`${address}/api/v1/${path}`);
    expect(response.status, path).toBe(200);
    return response.text();
  };
  const keep = async (path: string) => (all[path] = await read(path));
  await keep("suites");
  for (const { suite } of await listBoards(connection)) {
    await upToDate(connection, suite);
    for (const path of ["?limit=500", "?format=csv", "/columns", "/hidden"])
      await keep(`boards/${suite}${path}`);
    await keep(`suites/${suite}/file`);
    const { rows } = await getBoard(connection, suite, { limit: 500 });
    const { hidden } = JSON.parse(String(all[`boards/${suite}/hidden`])) as { hidden: typeof rows };
    for (const { checkpoint } of [...rows, ...hidden]) {
      await keep(`checkpoints/${checkpoint}/results/${suite}`);
      const known = JSON.parse(await read(`checkpoints/${checkpoint}`)) as Record<string, unknown>;
      all[`checkpoints/${checkpoint}`] = { ...known, bytes: null, vocabulary: null };
    }
  }
  return all;
}

function expectSame(found: Record<string, unknown>, before: Record<string, unknown>): void {
  expect(Object.keys(found)).toEqual(Object.keys(before));
  for (const [path, value] of Object.entries(before)) expect(found[path], path).toEqual(value);
}

/** Tiers are computed after the fact. */
async function upToDate(connection: Connection, suite: string): Promise<void> {
  await expect
    .poll(async () => (await getBoard(connection, suite)).tiers.upToDate, { timeout: 90_000, interval: 250 })
    .toBe(true);
}

test("export, an empty server, import: identical boards", async () => {
  const before = await shown(server);
  expect(Object.keys(before).filter((path) => path.includes("/results/")).length).toBe(21);
  const exported = await run("export", server);
  expect(exported).toMatchObject({ code: 0, stdout: "" });
  expect(exported.stderr).toContain("2 suites and 21 results written");
  const text = readFileSync(file, "utf8");

  const empty = await startServer();
  expect(await listBoards(empty.connection)).toEqual([]);
  const imported = await run("import", empty);
  expect(imported.code, imported.stderr).toBe(0);
  expect(imported.stderr).toContain("23 records added, 0 replaced, 0 there already");
  expectSame(await shown(empty), before);

  // Once more changes nothing, and what is exported again is the same.
  expect((await run("import", empty)).stderr).toContain("0 records added, 0 replaced, 23 there already");
  expectSame(await shown(empty), before);
  expect((await run("export", empty)).code).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(text);
  await empty.stop();
}, 240_000);

test("says what is wrong, and leaves no half of a file", async () => {
  const missing = (...args: string[]) =>
    plateau([...args, "--server", server.address, "--token-file", server.tokenFile]);
  expectSentence(await missing("import", "/nowhere.jsonl"), /There is no file \/nowhere\.jsonl/, 2);
  expectSentence(await missing("export", "/nowhere/board.jsonl"), /cannot be written/, 2);
  expectSentence(await plateau(["export", file, "--server", server.address]), /--token-file/, 2);
  const other = join(newStorage(), "token");
  writeFileSync(other, "plateau_wrong");
  const target = join(newStorage(), "kept.jsonl");
  writeFileSync(target, "as it was");
  const refused = await plateau(["export", target, "--server", server.address, "--token-file", other]);
  expectSentence(refused, /knows no such token/, 1);
  expect(readFileSync(target, "utf8")).toBe("as it was");
  writeFileSync(file, '{"kind":"result","result":{}}\n');
  expectSentence(await run("import", server), /Line 1/, 1);
});
