import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packed, withExternalData } from "../../../test/support/external-data.ts";
import { toyModel } from "../../../test/support/toy-models.ts";
import { writeModel } from "../../../shared/onnx/write.ts";
import { ModelFile } from "../model-file.ts";
import { SentFile } from "./sent-file.ts";

const folder = mkdtempSync(join(tmpdir(), "plateau-sent-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const whole = writeModel(toyModel("mlm", 5).graph).graph;

async function sentFile(path: string): Promise<SentFile> {
  const file = await ModelFile.open(path);
  await file.close();
  return SentFile.of(file);
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("a model of one file is sent as it is", async () => {
  const path = join(folder, "whole.onnx");
  writeFileSync(path, whole);
  const sent = await sentFile(path);
  expect(sent).toMatchObject({ name: "whole.onnx", bytes: whole.length });
  expect(await sent.sha256()).toBe(sha256(whole));
});

test("one of two files is sent as an archive, in whatever pieces it is asked for", async () => {
  const { model, data } = withExternalData(whole, "weights.bin");
  const path = join(folder, "two.onnx");
  writeFileSync(path, model);
  writeFileSync(join(folder, "weights.bin"), data);
  const expected = packed({ "model.onnx": model, "weights.bin": data });
  const sent = await sentFile(path);
  expect(sent).toMatchObject({ name: "two.onnx", bytes: expected.length });
  expect(await sent.sha256()).toBe(sha256(expected));

  const file = await sent.open();
  for (const length of [1, 511, 512, 1000, expected.length]) {
    for (let offset = 0; offset < expected.length; offset += Math.max(length, 97)) {
      const found = await file.read(offset, Math.min(length, expected.length - offset));
      const there = expected.subarray(offset, Math.min(offset + length, expected.length));
      expect(Buffer.compare(found, there), `${offset}, ${length}`).toBe(0);
    }
  }
  // A file that is cut while it is sent comes to its end there.
  truncateSync(join(folder, "weights.bin"), data.length - 100);
  expect((await file.read(0, expected.length)).length).toBeLessThan(expected.length);
  await file.close();
});
