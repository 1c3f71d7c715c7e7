/** Whether two runs of an extracting shard left the same features. */
import type { Agreement } from "./finding.ts";

/**
 * Relative to the root mean square of all: of one feature, and of their root mean square difference. Rows that stand out
 * are as large as they want, hence the slack relative to the feature itself.
 */
const TOLERANCE = { single: { one: 1e-3, all: 1e-4 }, half: { one: 0.1, all: 0.01 } };

/** @param made float32, little-endian, as BlobFeatures writes them. */
export function compareFeatures(made: Uint8Array, replayed: Uint8Array, coarse: boolean): Agreement {
  if (made.byteLength !== replayed.byteLength || made.byteLength % 4 !== 0) {
    return {
      agrees: false,
      detail: `features take ${made.byteLength} bytes, and ${replayed.byteLength} when they were made again`,
    };
  }
  const count = made.byteLength / 4;
  if (count === 0) return { agrees: true, detail: "there are no features" };
  const [first, second] = [made, replayed].map(
    (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );
  let [squares, differences] = [0, 0];
  for (let i = 0; i < count; i++) {
    const value = second!.getFloat32(4 * i, true);
    squares += value ** 2;
    differences += (first!.getFloat32(4 * i, true) - value) ** 2;
  }
  const size = Math.sqrt(squares / count);
  const apart = Math.sqrt(differences / count);
  const { one, all } = TOLERANCE[coarse ? "half" : "single"];
  // Written so that what is not finite does not agree.
  if (!(apart <= all * size)) {
    return { agrees: false, detail: `features are ${ratio(apart, size)} of their root mean square apart` };
  }
  for (let i = 0; i < count; i++) {
    const value = second!.getFloat32(4 * i, true);
    const difference = Math.abs(first!.getFloat32(4 * i, true) - value);
    if (difference > one * Math.max(size, Math.abs(value))) {
      return {
        agrees: false,
        detail: `feature ${i} is ${ratio(difference, size)} of their root mean square off`,
      };
    }
  }
  return { agrees: true, detail: `features ${ratio(apart, size)} of their root mean square apart` };
}

const ratio = (part: number, size: number) => (part === 0 ? "0" : (part / size).toPrecision(2));
