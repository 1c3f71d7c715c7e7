/**
 * Random signs of a direction: ±1 for each entry of each vector of each tensor, for one example.
 *
 * The stream is keyed by (seed, direction, example, tensor, side), so that a direction is the same whatever else is
 * perturbed with it, in whatever batch or shard it runs.
 */
import { philox4x32 } from "./philox.ts";

/** A rank-one direction v = a bᵀ has a vector per side; a full one uses `rows` alone. */
export const Side = { rows: 0, columns: 1 } as const;
export type Side = (typeof Side)[keyof typeof Side];

export interface DirectionKey {
  /** A whole number below 2⁵³. */
  readonly seed: number;
  /** Which of the example's directions. */
  readonly direction: number;
  readonly example: number;
  /** The parameter's index in the model. */
  readonly tensor: number;
  readonly side: Side;
}

const SIGN_BIT = 0x80000000;
const block = new Uint32Array(4);
const bitsOfFloat = new Uint32Array(1);
const floatOfBits = new Float32Array(bitsOfFloat.buffer);

/** Fills `out[offset … offset + count)` with ±`magnitude`: entry j takes bit j of the key's stream. */
export function fillSigns(
  out: Float32Array,
  offset: number,
  count: number,
  key: DirectionKey,
  magnitude: number,
): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  floatOfBits[0] = magnitude;
  const positive = bitsOfFloat[0]!;
  const key0 = key.seed >>> 0;
  const key1 = Math.floor(key.seed / 2 ** 32) >>> 0;
  let position = offset;
  const end = offset + count;
  for (let index = 0; position < end; index++) {
    philox4x32(counterWord(index, key.side), key.tensor, key.example, key.direction, key0, key1, block);
    for (let word = 0; word < 4 && position < end; word++) {
      let random = block[word]!;
      const stop = Math.min(end, position + 32);
      // Lowest bit first, moved to the float's sign bit: no multiplication, no branch.
      for (; position < stop; position++) {
        bits[position] = positive ^ ((random << 31) & SIGN_BIT);
        random >>>= 1;
      }
    }
  }
}

/** Entry `index` of the stream on its own: for tables of which only a few rows are read. */
export function signAt(index: number, key: DirectionKey): 1 | -1 {
  const key0 = key.seed >>> 0;
  const key1 = Math.floor(key.seed / 2 ** 32) >>> 0;
  philox4x32(counterWord(index >>> 7, key.side), key.tensor, key.example, key.direction, key0, key1, block);
  return (block[(index >>> 5) & 3]! >>> (index & 31)) & 1 ? -1 : 1;
}

function counterWord(blockIndex: number, side: Side): number {
  return (blockIndex | (side << 31)) >>> 0;
}
