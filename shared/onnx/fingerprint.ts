/** Hashes of matrices, by which a matrix is told from others and recognised in its transpose. */
import type { TensorProto } from "onnx-buf";
import { dimsOf, readValues, type WeightSource } from "./weights.ts";

/** Rows are read in blocks of about this many values, to bound memory. */
const BLOCK = 1 << 20;
/** Seeds of the keys of rows and columns, two of each. */
const [ROWS, COLUMNS] = [
  [1, 2],
  [3, 4],
] as const;

/**
 * The sum over all entries of hash(value) · key(row) · key(column), modulo 2³², under two sets of keys. A matrix and a
 * transposed copy of it have the same where one is read with `transposed`; others have not, but for a chance of about
 * 2⁻³². The matrix is read once, in order.
 *
 * @param transposed whether what the tensor calls rows are columns.
 */
export async function fingerprint(
  tensor: TensorProto,
  sources: ReadonlyMap<string, WeightSource>,
  transposed: boolean,
): Promise<string> {
  const [rows, columns] = dimsOf(tensor) as [number, number];
  const [rowSeeds, columnSeeds] = transposed ? [COLUMNS, ROWS] : [ROWS, COLUMNS];
  const [a, b] = columnSeeds.map((seed) => Int32Array.from({ length: columns }, (_, i) => keyOf(i, seed)));
  const height = Math.max(1, Math.floor(BLOCK / columns));
  let [first, second] = [0, 0];
  for (let start = 0; start < rows; start += height) {
    const count = Math.min(height, rows - start) * columns;
    // As doubles, whichever way the values are stored.
    const values = new Float64Array(await readValues(tensor, sources, start * columns, count));
    const words = new Int32Array(values.buffer);
    for (let offset = 0, row = start; offset < count; offset += columns, row++) {
      let [x, y] = [0, 0];
      for (let column = 0; column < columns; column++) {
        const place = 2 * (offset + column);
        const hash = mixed(words[place]! ^ Math.imul(words[place + 1]!, 0x9e3779b1));
        x = (x + Math.imul(hash, a![column]!)) | 0;
        y = (y + Math.imul(hash, b![column]!)) | 0;
      }
      first = (first + Math.imul(x, keyOf(row, rowSeeds[0]))) | 0;
      second = (second + Math.imul(y, keyOf(row, rowSeeds[1]))) | 0;
    }
  }
  return `${first},${second}`;
}

/** Odd, so that no entry is multiplied away. */
function keyOf(index: number, seed: number): number {
  return mixed(index ^ mixed(seed)) | 1;
}

/** The finaliser of MurmurHash3 (Appleby): every bit of the result depends on every bit. */
function mixed(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
