/** Models of a few nodes, made in code. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
} from "onnx-buf";
import type { ElementType, ModelBytes, Tensor } from "../../shared/runtime.ts";

const elementTypes: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** A number, or a name for what is known only when it runs. */
type Dim = number | string;
type Values = Readonly<Record<string, readonly [ElementType, readonly Dim[]]>>;

export interface TinyModel {
  readonly nodes: readonly (readonly [
    operator: string,
    inputs: string[],
    outputs: string[],
    axis?: number,
  ])[];
  readonly inputs: Values;
  readonly outputs: Values;
  /** Float32 constants in external files: one after another in `weights.bin`, or alone at `location`. */
  readonly weights?: Readonly<Record<string, Weight>>;
}

interface Weight {
  readonly dims: readonly number[];
  readonly data: Float32Array;
  readonly location?: string;
}

/** The graph, and what `weights.bin` holds. */
export function build({ nodes, inputs, outputs, weights = {} }: TinyModel): {
  graph: Uint8Array;
  file: Uint8Array;
} {
  const parts: Uint8Array[] = [];
  let size = 0;
  const initializer = Object.entries(weights).map(([name, { dims, data, location = weightFile }]) => {
    const place = {
      location,
      offset: String(location === weightFile ? size : 0),
      length: String(data.byteLength),
    };
    if (location === weightFile) {
      parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      size += data.byteLength;
    }
    return {
      name,
      dims: dims.map(BigInt),
      dataType: elementTypes.float32,
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries(place).map(([key, value]) => ({ key, value })),
    };
  });
  const file = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 17n }],
    graph: {
      name: "tiny",
      node: nodes.map(([opType, input, output, axis]) => ({
        opType,
        input,
        output,
        attribute: axis === undefined ? [] : [{ name: "axis", type: AttributeType.INT, i: BigInt(axis) }],
      })),
      initializer,
      input: declare(inputs),
      output: declare(outputs),
    },
  });
  return { graph: toBinary(ModelProtoSchema, model), file };
}

export const weightFile = "weights.bin";

/** The model with its weights in memory. */
export function inMemory(tiny: TinyModel): ModelBytes {
  const { graph, file } = build(tiny);
  return { graph, externalData: file.length ? [{ path: weightFile, data: file }] : [] };
}

function declare(values: Values) {
  return Object.entries(values).map(([name, [type, dims]]) => {
    const dim = dims.map((size) =>
      typeof size === "number"
        ? { value: { case: "dimValue" as const, value: BigInt(size) } }
        : { value: { case: "dimParam" as const, value: size } },
    );
    const value = { elemType: elementTypes[type], shape: { dim } };
    return { name, type: { value: { case: "tensorType" as const, value } } };
  });
}

/** Numbers in [-1, 1) from integer arithmetic only, so that every engine gets the same bits. */
export function pseudoRandom(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function float32(dims: readonly number[], data: Iterable<number>): Tensor {
  return { type: "float32", dims, data: Float32Array.from(data) };
}

export function int64(dims: readonly number[], data: Iterable<number>): Tensor {
  return { type: "int64", dims, data: BigInt64Array.from([...data].map(BigInt)) };
}

/** Token embedding: input `ids` int64 [n, t], output `y` float32 [n, t, 3], table row i = [10i, 10i + 1, 10i + 2]. */
export const embedding: TinyModel = {
  nodes: [["Gather", ["table", "ids"], ["y"]]],
  inputs: { ids: ["int64", ["n", "t"]] },
  outputs: { y: ["float32", ["n", "t", 3]] },
  weights: {
    unused: { dims: [2], data: Float32Array.of(-1, -1) },
    table: { dims: [4, 3], data: Float32Array.of(0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32) },
  },
};

const width = 64;

/** Where rounding differs between builds: a product, a normalisation, an error function, a softmax. */
export const mixer: TinyModel = {
  nodes: [
    ["MatMul", ["x", "w"], ["h"]],
    ["LayerNormalization", ["h", "scale", "shift"], ["n"]],
    ["Erf", ["n"], ["e"]],
    ["MatMul", ["e", "w"], ["z"]],
    ["Softmax", ["z"], ["y"]],
  ],
  inputs: { x: ["float32", ["n", width]] },
  outputs: { y: ["float32", ["n", width]] },
  weights: {
    w: { dims: [width, width], data: pseudoRandom(width * width) },
    scale: { dims: [width], data: pseudoRandom(width, 2) },
    shift: { dims: [width], data: pseudoRandom(width, 3) },
  },
};

export const mixerFeeds = { x: float32([32, width], pseudoRandom(32 * width, 4)) };

/** One matrix of so many bytes and a product with it. */
export function tooBig(bytes: number): TinyModel {
  const rows = Math.ceil(bytes / 4 / 1024);
  return {
    nodes: [["MatMul", ["x", "w"], ["y"]]],
    inputs: { x: ["float32", [1, rows]] },
    outputs: { y: ["float32", [1, 1024]] },
    weights: { w: { dims: [rows, 1024], data: new Float32Array(rows * 1024) } },
  };
}
