/** Numbers of many examples in a JSON file: little-endian, in base64. */
import { decodeBytes, encodeBytes } from "./base64.ts";

/** As float32. */
export function encodeFloats(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return encodeBytes(new Uint8Array(view.buffer));
}

/** Null where the text is no list of float32 in base64. */
export function decodeFloats(text: string): Float32Array | null {
  const view = viewOf(text, 4);
  return view && Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** As float64: every bit is kept. */
export function encodeDoubles(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => view.setFloat64(8 * i, value, true));
  return encodeBytes(new Uint8Array(view.buffer));
}

/** Null where the text is no list of float64 in base64. */
export function decodeDoubles(text: string): number[] | null {
  const view = viewOf(text, 8);
  return view && Array.from({ length: view.byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

function viewOf(text: string, size: number): DataView | null {
  const bytes = decodeBytes(text);
  return bytes && bytes.length % size === 0 ? new DataView(bytes.buffer) : null;
}
