import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PlateauError } from "../../../shared/errors.ts";
import type { ExternalData } from "../../../shared/runtime.ts";
import {
  build,
  embedding,
  int64,
  weightFile,
  type TinyModel,
} from "../../../test/conformance/tiny-models.ts";
import { createNodeRuntime } from "./node.ts";

const folder = await mkdtemp(join(tmpdir(), "plateau-external-data-"));
afterAll(() => rm(folder, { recursive: true }));

const runtime = await createNodeRuntime({ threads: 1 });
const { graph, file } = build(embedding);

async function look(externalData: readonly ExternalData[], model = graph) {
  const session = await runtime.createSession({ graph: model, externalData });
  try {
    return (await session.run({ ids: int64([1, 1], [2]) })).y!.data;
  } finally {
    await session.dispose();
  }
}

async function write(path: string, bytes = file): Promise<string> {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), bytes);
  return join(folder, path);
}

const row = Float32Array.of(20, 21, 22);

test("reads a file of another name than the graph says", async () => {
  expect(await look([{ path: weightFile, data: { file: await write("a/other name.data") } }])).toEqual(row);
});

test("reads a file behind a link, as caches of downloads have them", async () => {
  await symlink(await write("blobs/0123"), join(folder, "model.data"));
  expect(await look([{ path: weightFile, data: { file: join(folder, "model.data") } }])).toEqual(row);
});

const sum: TinyModel = {
  ...embedding,
  nodes: [
    ["Gather", ["table", "ids"], ["gathered"]],
    ["Add", ["gathered", "shift"], ["y"]],
  ],
};

/** `sum` with its table in `weights.bin` and its shift in `shift.bin`. */
function sumGraph(): Uint8Array {
  const shift = { dims: [3], data: Float32Array.of(100, 200, 300) };
  return build({ ...sum, weights: { ...embedding.weights, shift: { ...shift, location: "shift.bin" } } })
    .graph;
}

const shiftBytes = new Uint8Array(Float32Array.of(100, 200, 300).buffer);

test.each([
  ["files in different folders", async () => ({ file: await write("b/c/shift.bin", shiftBytes) })],
  ["a file and bytes", async () => shiftBytes],
])("reads %s", async (_, shift) => {
  const externalData = [
    { path: weightFile, data: { file: await write("b/d/weights") } },
    { path: "shift.bin", data: await shift() },
  ];
  expect(await look(externalData, sumGraph())).toEqual(Float32Array.of(120, 221, 322));
});

test("opens no file that is not listed, though it lies beside one that is", async () => {
  await write("e/shift.bin", shiftBytes);
  const refused = look([{ path: weightFile, data: { file: await write("e/weights") } }], sumGraph());
  await expect(refused).rejects.toThrow(PlateauError);
  await expect(refused).rejects.toThrow(
    "Tensor shift lies in shift.bin, which is not among the model's files",
  );
});

test.each([
  ["nothing", []],
  ["other bytes", [{ path: weightFile, data: file }]],
])("opens no file of the working directory when %s is listed", async (_, externalData) => {
  const shift = { dims: [3], data: new Float32Array(3), location: "package.json" };
  const { graph: named } = build({ ...sum, weights: { ...embedding.weights, shift } });
  const onlyNamed = build({
    ...sum,
    weights: { table: { ...embedding.weights!.table!, location: "package.json" } },
  });
  await expect(look(externalData, named)).rejects.toThrow();
  await expect(look(externalData, onlyNamed.graph)).rejects.toThrow();
});

test("says which weight file is missing", async () => {
  const refused = look([{ path: weightFile, data: { file: join(folder, "nowhere") } }]);
  await expect(refused).rejects.toThrow(PlateauError);
  await expect(refused).rejects.toThrow("nowhere cannot be opened");
});

test("refuses a file that is shorter than the graph says", async () => {
  const short = await write("short", file.subarray(0, 8));
  await expect(look([{ path: weightFile, data: { file: short } }])).rejects.toThrow();
});
