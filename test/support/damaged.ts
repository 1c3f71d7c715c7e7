/** Files as a bad disk or a bad person leaves them. */
import { randomSource } from "./random.ts";

/** The file cut short, or with up to eight bytes changed: a bit flipped, another value, or a run of one value. */
export function damaged(file: Uint8Array, seed: number): Uint8Array {
  const random = randomSource(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  if (below(6) === 0) return file.slice(0, below(file.length));
  const bytes = file.slice();
  const places = random() < 0.5 ? 1 : 1 + below(8);
  for (let i = 0; i < places; i++) {
    const at = below(bytes.length);
    const way = below(3);
    if (way === 0) bytes[at]! ^= 1 << below(8);
    else if (way === 1) bytes[at] = below(256);
    else bytes.fill(below(2) * 255, at, at + 1 + below(10));
  }
  return bytes;
}
