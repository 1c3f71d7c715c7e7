/** Constants of a graph: their element types, sizes and values, read only when asked for. */
import { create } from "@bufbuild/protobuf";
import { TensorProto_DataLocation as DataLocation, TensorProtoSchema, type TensorProto } from "onnx-buf";
import type { ExternalData } from "../runtime.ts";
import { ModelFormatError } from "./error.ts";
import type { ByteSource } from "./source.ts";

/** A source whose bytes ONNX Runtime can read too; `contents` is absent where only ranges can be had (R2). */
export interface WeightSource extends ByteSource {
  readonly contents?: ExternalData["data"];
}

/** TensorProto.DataType values that occur in language models. */
export const DataType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  UINT4: 21,
  INT4: 22,
} as const;

const BITS: Readonly<Record<number, number>> = {
  [DataType.FLOAT]: 32,
  [DataType.UINT8]: 8,
  [DataType.INT8]: 8,
  [DataType.UINT16]: 16,
  [DataType.INT16]: 16,
  [DataType.INT32]: 32,
  [DataType.INT64]: 64,
  [DataType.BOOL]: 8,
  [DataType.FLOAT16]: 16,
  [DataType.DOUBLE]: 64,
  [DataType.UINT32]: 32,
  [DataType.UINT64]: 64,
  [DataType.BFLOAT16]: 16,
  [DataType.UINT4]: 4,
  [DataType.INT4]: 4,
};

/** A dimension above this is an attack or a bug: the largest vocabulary is near 10⁶. */
const MAX_DIMENSION = 2 ** 31;
/** Real weights have at most 4 or 5 axes. */
const MAX_RANK = 8;

/** Dimensions as numbers. Throws ModelFormatError on negative or absurd ones. */
export function dimsOf(tensor: TensorProto): number[] {
  if (tensor.dims.length > MAX_RANK) {
    throw new ModelFormatError(`constant '${tensor.name}' has ${tensor.dims.length} axes`);
  }
  return tensor.dims.map((dim) => {
    if (dim < 0n || dim > BigInt(MAX_DIMENSION)) {
      throw new ModelFormatError(`constant '${tensor.name}' has a dimension of ${dim}`);
    }
    return Number(dim);
  });
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes that `count` elements take as raw data; NaN for types that have none (strings). */
export function byteLength(dataType: number, count: number): number {
  return Math.ceil((count * (BITS[dataType] ?? NaN)) / 8);
}

export function isFloat(dataType: number): boolean {
  return (
    dataType === DataType.FLOAT ||
    dataType === DataType.FLOAT16 ||
    dataType === DataType.DOUBLE ||
    dataType === DataType.BFLOAT16
  );
}

export interface ExternalPointer {
  readonly location: string;
  readonly offset: number;
  /** Bytes; null where the file leaves it to the shape. */
  readonly length: number | null;
}

/** Where the tensor's data lies outside the graph, or null where it lies inside. */
export function externalPointer(tensor: TensorProto): ExternalPointer | null {
  if (tensor.dataLocation !== DataLocation.EXTERNAL) return null;
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const offset = Number(entries.get("offset") ?? 0);
  const length = entries.has("length") ? Number(entries.get("length")) : null;
  if (
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    (length !== null && !(Number.isSafeInteger(length) && length >= 0))
  ) {
    throw new ModelFormatError(
      `constant '${tensor.name}' has an external offset or length that is no number`,
    );
  }
  return { location: entries.get("location") ?? "", offset, length };
}

/** Elements `[start, start + count)` as numbers. int64 values beyond 2⁵³ lose precision; masks use such values. */
export async function readValues(
  tensor: TensorProto,
  sources: ReadonlyMap<string, WeightSource>,
  start = 0,
  count = elementCount(dimsOf(tensor)) - start,
): Promise<Float32Array | Float64Array> {
  const bits = BITS[tensor.dataType];
  if (bits === undefined)
    throw new ModelFormatError(`constant '${tensor.name}' has element type ${tensor.dataType}`);
  const from = Math.floor((start * bits) / 8);
  const to = Math.ceil(((start + count) * bits) / 8);
  // Of types that share bytes the first may belong to the element before.
  const skipped = start - (from * 8) / bits;
  const pointer = externalPointer(tensor);
  if (pointer) {
    const bytes = await sources.get(pointer.location)!.read(pointer.offset + from, to - from);
    return decode(tensor.dataType, bytes, count, skipped);
  }
  if (tensor.rawData.byteLength > 0) {
    return decode(tensor.dataType, tensor.rawData.subarray(from, to), count, skipped);
  }
  return listed(tensor).slice(start, start + count);
}

/** Values kept as protobuf lists rather than raw bytes. */
function listed(tensor: TensorProto): Float32Array | Float64Array {
  if (tensor.floatData.length > 0) return Float64Array.from(tensor.floatData);
  if (tensor.doubleData.length > 0) return Float64Array.from(tensor.doubleData);
  if (tensor.int64Data.length > 0) return Float64Array.from(tensor.int64Data, Number);
  if (tensor.uint64Data.length > 0) return Float64Array.from(tensor.uint64Data, Number);
  if (tensor.dataType === DataType.FLOAT16) return Float64Array.from(tensor.int32Data, float16ToNumber);
  if (tensor.dataType === DataType.BFLOAT16) return Float64Array.from(tensor.int32Data, bfloat16ToNumber);
  if (BITS[tensor.dataType]! < 8) {
    return decode(tensor.dataType, Uint8Array.from(tensor.int32Data), elementCount(dimsOf(tensor)));
  }
  return Float64Array.from(tensor.int32Data);
}

/** `count` elements, of which the first is preceded by `skipped` others. */
function decode(
  dataType: number,
  bytes: Uint8Array,
  count: number,
  skipped = 0,
): Float32Array | Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dataType === DataType.FLOAT) {
    const out = new Float32Array(count);
    new Uint8Array(out.buffer).set(bytes.subarray(0, count * 4));
    return out;
  }
  const out = new Float64Array(count);
  const read = READERS[dataType]!;
  for (let i = 0; i < count; i++) out[i] = read(view, skipped + i);
  return out;
}

const READERS: Readonly<Record<number, (view: DataView, index: number) => number>> = {
  [DataType.UINT8]: (view, i) => view.getUint8(i),
  [DataType.INT8]: (view, i) => view.getInt8(i),
  [DataType.UINT16]: (view, i) => view.getUint16(2 * i, true),
  [DataType.INT16]: (view, i) => view.getInt16(2 * i, true),
  [DataType.INT32]: (view, i) => view.getInt32(4 * i, true),
  [DataType.INT64]: (view, i) => Number(view.getBigInt64(8 * i, true)),
  [DataType.BOOL]: (view, i) => view.getUint8(i),
  [DataType.FLOAT16]: (view, i) => float16ToNumber(view.getUint16(2 * i, true)),
  [DataType.DOUBLE]: (view, i) => view.getFloat64(8 * i, true),
  [DataType.UINT32]: (view, i) => view.getUint32(4 * i, true),
  [DataType.UINT64]: (view, i) => Number(view.getBigUint64(8 * i, true)),
  [DataType.BFLOAT16]: (view, i) => bfloat16ToNumber(view.getUint16(2 * i, true)),
  [DataType.UINT4]: (view, i) => (view.getUint8(i >> 1) >> (4 * (i & 1))) & 15,
  [DataType.INT4]: (view, i) => (((view.getUint8(i >> 1) >> (4 * (i & 1))) & 15) ^ 8) - 8,
};

function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const SCRATCH = new DataView(new ArrayBuffer(4));

function bfloat16ToNumber(bits: number): number {
  SCRATCH.setUint32(0, bits << 16);
  return SCRATCH.getFloat32(0);
}

/** A new constant. `float32` and `int64` are all that rewriting needs. */
export function constant(
  name: string,
  dims: readonly number[],
  values: Float32Array | readonly number[],
): TensorProto {
  const float = values instanceof Float32Array;
  const data = float ? values : BigInt64Array.from(values, (value) => BigInt(value));
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: float ? DataType.FLOAT : DataType.INT64,
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

/** A vector of ones in any float type. */
export function unitVector(name: string, length: number, dataType: number): TensorProto {
  if (dataType === DataType.FLOAT) return constant(name, [length], new Float32Array(length).fill(1));
  const dims = [BigInt(length)];
  if (dataType === DataType.DOUBLE) {
    return create(TensorProtoSchema, { name, dims, dataType, doubleData: Array<number>(length).fill(1) });
  }
  // Half precisions are listed as their bits.
  const one = dataType === DataType.FLOAT16 ? 0x3c00 : 0x3f80;
  return create(TensorProtoSchema, { name, dims, dataType, int32Data: Array<number>(length).fill(one) });
}
