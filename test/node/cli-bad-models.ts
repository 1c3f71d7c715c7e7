/** Models that something is wrong with, made from an export of the fixtures. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type ModelProto,
} from "onnx-buf";

const exports = new URL("../exports/", import.meta.url);

/** Path of a fixture. */
export function fixture(name: string): string {
  return new URL(name, exports).pathname;
}

/** A small masked model: vocabulary 40, 32 positions, weights inside the file. */
export const PLAIN = fixture("plain.dynamo18.onnx");

/** The model's bytes after `change`. */
async function changed(change: (model: ModelProto) => void, from = PLAIN): Promise<Uint8Array> {
  const model = fromBinary(ModelProtoSchema, await readFile(from));
  change(model);
  return toBinary(ModelProtoSchema, model);
}

/** The first weight matrix of a model. */
function firstMatrix({ graph }: ModelProto) {
  return graph!.initializer.find(({ dims, rawData }) => dims.length === 2 && rawData.byteLength > 128)!;
}

/** Moves the first matrix to a file at `location`. */
function pointAway(model: ModelProto, location: string): Uint8Array {
  const tensor = firstMatrix(model);
  const bytes = tensor.rawData;
  tensor.rawData = new Uint8Array(0);
  tensor.dataLocation = DataLocation.EXTERNAL;
  tensor.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: location })];
  return bytes;
}

/** A protobuf message nested `depth` deep: graph in attribute in node in graph. */
function nested(depth: number): Uint8Array {
  const wrap = (field: number, inner: Uint8Array): Uint8Array => {
    const length: number[] = [];
    for (let rest = inner.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Uint8Array.from([(field << 3) | 2, ...length, ...inner]);
  };
  let graph: Uint8Array = new Uint8Array(0);
  for (let i = 0; i < depth; i++) graph = wrap(1, wrap(5, wrap(6, graph)));
  return wrap(7, graph);
}

/** Files by name: what is wrong with each is in the test that reads its message. */
export async function writeBadModels(folder: string): Promise<void> {
  const plain = await readFile(PLAIN);
  const write = async (name: string, bytes: Uint8Array | string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  };
  await write("text.onnx", "This is no model, but a sentence.\n");
  await write("empty.onnx", "");
  await write(
    "random.onnx",
    Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3) * 31) & 255),
  );
  await write(
    "png.onnx",
    Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 73, 72, 68, 82]),
  );
  for (const share of [0.001, 0.3, 0.7, 0.999]) {
    await write(`cut-${share}.onnx`, plain.subarray(0, Math.floor(share * plain.length)));
  }
  await write(
    "huge-dims.onnx",
    await changed((model) => {
      firstMatrix(model).dims = [2_000_000_000n, 2_000_000_000n];
    }),
  );
  await write(
    "negative-dims.onnx",
    await changed((model) => {
      firstMatrix(model).dims = [-1n, 16n];
    }),
  );
  await write("deep.onnx", nested(2000));
  await write(
    "custom-operator.onnx",
    await changed((model) => {
      const node = model.graph!.node.find(({ opType }) => opType === "MatMul")!;
      node.domain = "my.domain";
      node.opType = "Mine\u001b[2J";
    }),
  );
  await write("missing-data.onnx", await changed((model) => void pointAway(model, "weights.bin")));
  await write("parent-data.onnx", await changed((model) => void pointAway(model, "../weights.bin")));
  await write("absolute-data.onnx", await changed((model) => void pointAway(model, "/etc/passwd")));
  await write("linked/link.onnx", await changed((model) => void pointAway(model, "secret.bin")));
  await write("secret", new Uint8Array(10_000));
  await symlink(join(folder, "secret"), join(folder, "linked", "secret.bin"));
  await write(
    "no-logits.onnx",
    await changed((model) => {
      const [logits] = model.graph!.output;
      for (const node of model.graph!.node) {
        node.output = node.output.map((name) => (name === logits!.name ? "hidden_states" : name));
      }
      logits!.name = "hidden_states";
    }),
  );
  await write(
    "unknown-input.onnx",
    await changed((model) => {
      const [, mask] = model.graph!.input;
      for (const node of model.graph!.node) {
        node.input = node.input.map((name) => (name === mask!.name ? "pixel_values" : name));
      }
      mask!.name = "pixel_values";
    }),
  );
  await write(
    "not-a-number.onnx",
    await changed((model) => {
      const tensor = firstMatrix(model);
      tensor.rawData = new Uint8Array(new Float32Array(tensor.rawData.byteLength / 4).fill(NaN).buffer);
    }),
  );
  await write(
    "broken-graph.onnx",
    await changed((model) => {
      const node = model.graph!.node.find(({ opType }) => opType === "MatMul")!;
      node.input = ["nobody-makes-this", node.input[1]!];
    }),
  );
  await write(
    "unknown-operator.onnx",
    await changed((model) => {
      const node = model.graph!.node.find(({ opType }) => opType === "Softmax")!;
      node.opType = "Softestmax";
    }),
  );
}

/** A model whose weights lie in a file beside it. */
export async function writeExternal(folder: string): Promise<string> {
  let weights: Uint8Array = new Uint8Array(0);
  const bytes = await changed((model) => {
    weights = pointAway(model, "weights.bin").slice();
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.onnx"), bytes);
  await writeFile(join(folder, "weights.bin"), weights);
  return join(folder, "model.onnx");
}
