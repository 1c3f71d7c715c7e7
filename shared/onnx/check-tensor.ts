/** Whether a constant's data is there, and as long as its shape says, wherever it lies. */
import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema, type TensorProto } from "onnx-buf";
import type { Bundle } from "./bundle.ts";
import { ModelFormatError, UnsupportedModelError } from "./error.ts";
import { SELF } from "./skeleton.ts";
import { byteLength, dimsOf, elementCount, externalPointer, isFloat, type WeightSource } from "./weights.ts";

/** Opens an external-data file named by the model, or answers undefined where there is none. */
export type OpenExternal = (location: string) => Promise<WeightSource | undefined>;

/** @throws ModelFormatError, UnsupportedModelError. */
export async function checkTensor(
  tensor: TensorProto,
  sources: Map<string, WeightSource>,
  external: OpenExternal | undefined,
): Promise<void> {
  const count = elementCount(dimsOf(tensor));
  const expected = byteLength(tensor.dataType, count);
  const pointer = externalPointer(tensor);
  if (!pointer) {
    checkInline(tensor, count, expected);
    return;
  }
  const { location, offset, length } = pointer;
  if (!sources.has(location)) {
    // Only plain names beside the model: a path could point at any file of the machine that evaluates it.
    if (location.startsWith("/") || /(^|[\\/])\.\.([\\/]|$)|^[a-z]+:|\\/i.test(location)) {
      throw new UnsupportedModelError(
        `Constant '${tensor.name}' lies at '${location}', outside the model's folder. Save the model with its data beside it.`,
      );
    }
    const found = await external?.(location);
    if (!found) throw missingExternal(tensor, location);
    sources.set(location, found);
  }
  checkLength(tensor, expected, length ?? expected, sources.get(location)!.size - offset);
}

/** Makes a pointer to one of the files in an archive a pointer into the archive. */
export function pointIntoBundle(tensor: TensorProto, { model, external }: Bundle): void {
  const pointer = externalPointer(tensor);
  if (!pointer) return;
  const { location, offset, length } = pointer;
  const entry = location === SELF ? model : external.get(location.replace(/^(\.\/)+/, ""));
  if (!entry) throw missingExternal(tensor, location);
  const expected = byteLength(tensor.dataType, elementCount(dimsOf(tensor)));
  checkLength(tensor, expected, length ?? expected, entry.size - offset);
  tensor.externalData = Object.entries({
    location: SELF,
    offset: entry.offset + offset,
    length: expected,
  }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }));
}

function missingExternal({ name }: TensorProto, location: string): UnsupportedModelError {
  return new UnsupportedModelError(
    `Constant '${name}' lies in the file '${location.slice(0, 200)}', which is not there. Put it beside the model.`,
  );
}

function checkLength({ name, dims }: TensorProto, expected: number, stated: number, there: number): void {
  if (!Number.isNaN(expected) && stated === expected && stated <= there) return;
  throw new ModelFormatError(
    `constant '${name}' of shape [${dims.join(", ")}] needs ${expected} bytes, ` +
      `but ${Math.max(0, Math.min(stated, there))} are there`,
  );
}

function checkInline(tensor: TensorProto, count: number, expected: number): void {
  const raw = tensor.rawData.byteLength;
  // Elements of less than a byte are listed in pairs.
  const entries = expected < count ? expected : count;
  if (raw > 0 ? raw === expected : listedLength(tensor) === entries) return;
  if (tensor.stringData.length === count && !isFloat(tensor.dataType)) return;
  throw new ModelFormatError(
    `constant '${tensor.name}' of shape [${tensor.dims.join(", ")}] holds ${raw ? `${raw} bytes, not ${expected}` : `${listedLength(tensor)} values, not ${entries}`}`,
  );
}

function listedLength(tensor: TensorProto): number {
  const { floatData, int32Data, int64Data, doubleData, uint64Data } = tensor;
  return floatData.length + int32Data.length + int64Data.length + doubleData.length + uint64Data.length;
}
