/** How large a model fits into memory. */

/** Of the program itself. */
const PROGRAM = 300e6;
/** Of a model's file: what running it peaks at. */
const SHARE = 2.5;

/** @param memory bytes. */
export function largestModel(memory: number): number {
  return Math.max(1, Math.floor((memory - PROGRAM) / SHARE));
}
