import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modelPaths } from "./model-paths.ts";

let folder: string;
const at = (...names: string[]) => names.map((name) => join(folder, name));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plateau-paths-"));
  for (const path of at("step-1000.onnx", "step-2000.onnx", "step-10000.onnx")) await writeFile(path, "");
});
afterAll(() => rm(folder, { recursive: true }));

test("patterns are replaced, and steps follow their numbers", async () => {
  expect(await modelPaths(at("*.onnx"))).toEqual(at("step-1000.onnx", "step-2000.onnx", "step-10000.onnx"));
});

test("an order that is not the shell's is kept", async () => {
  const given = at("step-2000.onnx", "step-1000.onnx", "step-10000.onnx");
  expect(await modelPaths(given)).toEqual(given);
});
