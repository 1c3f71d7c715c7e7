/** Random draws of probes: counter-based, keyed by what they are for, the same on every machine and shard. */
import { philox4x32 } from "../perturb/philox.ts";

/** What a stream is for. Every checkpoint evaluated at one seed draws the same, so that comparisons are paired. */
export const DrawPurpose = {
  trainingBootstrap: 0,
  testBootstrap: 1,
  permutation: 2,
  controlLabel: 3,
} as const;

export interface DrawKey {
  /** A whole number below 2⁵³. */
  readonly seed: number;
  readonly purpose: (typeof DrawPurpose)[keyof typeof DrawPurpose];
  /** Which replicate, permutation or control labelling. */
  readonly index: number;
}

/** The last counter word: apart from directions, which count from 0, and from projections. */
const STREAM = 0xffffff00;
const block = new Uint32Array(4);

/** `count` numbers from 0 to below − 1, independent and uniform (to 2⁻³² · below). */
export function drawIndices(count: number, below: number, key: DrawKey): Uint32Array {
  const out = uniformWords(count, key);
  for (let i = 0; i < count; i++) out[i] = scaleWord(out[i]!, below);
  return out;
}

/** A uniform permutation of 0 … count − 1 (Fisher–Yates). */
export function drawPermutation(count: number, key: DrawKey): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const words = uniformWords(count, key);
  for (let i = count - 1; i > 0; i--) {
    const j = scaleWord(words[i]!, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** One number from 0 to below − 1 for a text: whatever other texts there are, and in whatever order. */
export function drawForText(text: string, below: number, { seed, purpose, index }: DrawKey): number {
  const [a, b] = [hash(text, 0x811c9dc5), hash(text, 0x9747b28c)];
  philox4x32(a, b, index, STREAM | purpose, low(seed), high(seed), block);
  return scaleWord(block[0]!, below);
}

function uniformWords(count: number, { seed, purpose, index }: DrawKey): Uint32Array {
  const out = new Uint32Array(count);
  for (let i = 0; i < count; i += 4) {
    philox4x32(i >>> 2, 0, index, STREAM | purpose, low(seed), high(seed), block);
    for (let word = 0; word < 4 && i + word < count; word++) out[i + word] = block[word]!;
  }
  return out;
}

const scaleWord = (word: number, below: number) => Math.floor((word / 2 ** 32) * below);
const low = (seed: number) => seed >>> 0;
const high = (seed: number) => Math.floor(seed / 2 ** 32) >>> 0;

/** FNV-1a over UTF-16 units. */
function hash(text: string, basis: number): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
