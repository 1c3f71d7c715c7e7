import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { packed, withExternalData } from "../../test/support/external-data.ts";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import type { Runtime } from "../runtime.ts";
import { END_BYTES, padding } from "./bundle.ts";
import { readModel } from "./read.ts";
import { bytesSource } from "./source.ts";
import type { WeightSource } from "./weights.ts";
import { writeModel } from "./write.ts";

const folder = mkdtempSync(join(tmpdir(), "plateau-bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));

const whole = writeModel(toyModel("mlm", 5).graph).graph;
const location = "model.onnx.data";
const { model, data } = withExternalData(whole, location);
const archive = packed({ "model.onnx": model, [location]: data });

const inMemory = (bytes: Uint8Array): WeightSource => ({ ...bytesSource(bytes), contents: bytes });

async function traceOf(source: WeightSource, runtime: Runtime): Promise<number> {
  const graph = await readModel(source);
  const { measures } = await evaluate(graph, runtime, toyCorpus("mlm", 12), {
    measures: ["fisher-trace"],
    directions: 2,
    seed: 3,
    batch: 8,
  });
  return measures["fisher-trace"]!.value!;
}

describe("a model of two files in an archive is that model", () => {
  test("from memory", async () => {
    for (const runtime of [await createNodeRuntime({ threads: 1 }), await startNodeWasmRuntime()]) {
      expect(await traceOf(inMemory(archive), runtime)).toBe(await traceOf(inMemory(whole), runtime));
    }
  });

  test.each([
    ["as GNU writes it", ["--format=gnu"]],
    ["as POSIX has it", ["--format=ustar"]],
    ["with extended headers", ["--format=pax", "--pax-option=comment:=x"]],
  ])("from a file, %s", async (_, options) => {
    const at = mkdtempSync(join(folder, "tar-"));
    mkdirSync(join(at, "some", "folder"), { recursive: true });
    writeFileSync(join(at, "some", "folder", "model.onnx"), model);
    writeFileSync(join(at, "some", "folder", location), data);
    execFileSync("tar", [...options, "-cf", "model.tar", "./some"], { cwd: at });
    const path = join(at, "model.tar");
    const source = { ...bytesSource(readFileSync(path)), contents: { file: path } };
    const runtime = await createNodeRuntime({ threads: 1 });
    expect(await traceOf(source, runtime)).toBe(await traceOf(inMemory(whole), runtime));
  });
});

test("tar unpacks what is packed here", () => {
  const at = mkdtempSync(join(folder, "untar-"));
  writeFileSync(join(at, "model.tar"), archive);
  execFileSync("tar", ["-xf", "model.tar"], { cwd: at });
  expect(readFileSync(join(at, "model.onnx")).equals(model)).toBe(true);
  expect(readFileSync(join(at, location)).equals(data)).toBe(true);
});

/** The archive, with other bytes somewhere in the first header, whose sum is right again unless it should not be. */
function changed(offset: number, bytes: readonly number[] | string, { right = true } = {}): Uint8Array {
  const found = archive.slice();
  found.set(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, offset);
  if (!right) return found;
  const header = found.subarray(0, 512).fill(32, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return found;
}

function withLink(): Uint8Array {
  const at = mkdtempSync(join(folder, "link-"));
  writeFileSync(join(at, "model.onnx"), model);
  symlinkSync("/etc/passwd", join(at, location));
  execFileSync("tar", ["-cf", "model.tar", "model.onnx", location], { cwd: at });
  return readFileSync(join(at, "model.tar"));
}

describe("an archive is refused", () => {
  test.each<[string, () => Uint8Array, RegExp]>([
    ["without its data", () => packed({ "model.onnx": model }), /'model.onnx.data', which is not there/],
    ["with its data elsewhere", () => packed({ "model.onnx": model, [`a/${location}`]: data }), /not there/],
    [
      "with data that is short",
      () => packed({ "model.onnx": model, [location]: data.slice(4) }),
      /bytes are there|needs \d+ bytes/,
    ],
    [
      "with two models",
      () => packed({ "a.onnx": model, "b.onnx": model, [location]: data }),
      /has 2 \.onnx files/,
    ],
    ["without a model", () => packed({ [location]: data }), /no \.onnx file/],
    ["with a link", withLink, /no plain file/],
    [
      "cut off",
      () => archive.slice(0, archive.length - END_BYTES - padding(data.length) - 4),
      /bytes, but \d+ are there/,
    ],
    ["with a damaged header", () => changed(0, "other", { right: false }), /damaged at byte 0/],
    ["with an absurd size", () => changed(124, "77777777777"), /'model.onnx' in the archive has \d+ bytes/],
    ["with a size that is none", () => changed(124, "x"), /size in the archive is no number/],
    ["with a name that is none", () => changed(0, [0xff]), /no UTF-8/],
  ])("%s", async (_, make, message) => {
    await expect(readModel(inMemory(make()))).rejects.toThrow(message);
  });

  test("whose model points out of it", async () => {
    for (const elsewhere of ["../x", "/etc/passwd", "..\\x", "http://x/y"]) {
      const { model: stray } = withExternalData(whole, elsewhere);
      const bytes = packed({ "model.onnx": stray, [location]: data });
      await expect(readModel(inMemory(bytes))).rejects.toThrow("which is not there");
    }
  });
});
