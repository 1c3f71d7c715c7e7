/**
 * Random projection to a fixed number of dimensions, so that models of every size are probed with as many features.
 *
 * f = xᵀ P with independent entries ±1/√k, k = dimensions: E‖f‖² = ‖x‖² and inner products are kept in expectation
 * (Achlioptas, "Database-friendly random projections", 2003).
 */
import { philox4x32 } from "../perturb/philox.ts";

export interface ProjectionOptions {
  /** A whole number below 2⁵³. */
  readonly seed: number;
  /** Positions side by side in x; 1 for pooled features. */
  readonly positions: number;
  /** Channels of one position. */
  readonly width: number;
  readonly dimensions: number;
}

/** Keeps these streams apart from those of directions, whose last counter word counts from 0. */
const STREAM = 0xfffffffe;

/**
 * P, [positions · width, dimensions] in row-major order. The row of (position, channel) depends on these and the seed
 * alone: longer sentences and wider models only add rows.
 */
export function projectionMatrix({ seed, positions, width, dimensions }: ProjectionOptions): Float32Array {
  const matrix = new Float32Array(positions * width * dimensions);
  const key0 = seed >>> 0;
  const key1 = Math.floor(seed / 2 ** 32) >>> 0;
  const block = new Uint32Array(4);
  const size = 1 / Math.sqrt(dimensions);
  let offset = 0;
  for (let position = 0; position < positions; position++) {
    for (let channel = 0; channel < width; channel++) {
      for (let k = 0; k < dimensions; k++) {
        if (k % 128 === 0) philox4x32(k >>> 7, channel, position, STREAM, key0, key1, block);
        matrix[offset++] = (block[(k >>> 5) & 3]! >>> (k & 31)) & 1 ? -size : size;
      }
    }
  }
  return matrix;
}
