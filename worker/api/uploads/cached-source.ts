/** A source that asks for more than it is asked for, and remembers some of it: each read of R2 is a request. */
import type { ByteSource } from "../../../shared/onnx/source.ts";

/** What is remembered together. */
const LINE_BYTES = 16 * 1024;
/** 16 MiB of an isolate's 128. */
const MOST_LINES = 1024;
/**
 * Of a longer read, only this many lines are remembered: in a model, reads begin where a constant does, and beginnings
 * are what is asked for again, to compare constants with one another.
 */
const KEPT_LINES = 2;

/** @param lines remembered at most. */
export function cachedSource(source: ByteSource, lines = MOST_LINES): ByteSource {
  const { size } = source;
  const kept = size <= lines * LINE_BYTES ? Infinity : KEPT_LINES;
  /** By number; the least recently used first. */
  const cache = new Map<number, Uint8Array>();
  const find = (number: number): Uint8Array | undefined => {
    const line = cache.get(number);
    if (!line) return undefined;
    cache.delete(number);
    cache.set(number, line);
    return line;
  };
  const keep = (number: number, line: Uint8Array): void => {
    cache.delete(number);
    cache.set(number, line);
    if (cache.size > lines) cache.delete(cache.keys().next().value!);
  };

  return {
    size,
    async read(offset, length) {
      if (length === 0) return new Uint8Array(0);
      const first = Math.floor(offset / LINE_BYTES);
      const last = Math.floor((offset + length - 1) / LINE_BYTES);
      const start = first * LINE_BYTES;
      const within = (bytes: Uint8Array) => bytes.subarray(offset - start, offset - start + length);
      const found: Uint8Array[] = [];
      for (let number = first; number <= last; number++) {
        const line = find(number);
        if (!line) break;
        found.push(line);
      }
      if (found.length === last - first + 1) return within(joined(found));
      const bytes = await source.read(start, Math.min(size, (last + 1) * LINE_BYTES) - start);
      for (let i = 0; i < Math.min(kept, last - first + 1); i++) {
        // A copy: a view would keep all that was read in memory.
        keep(first + i, bytes.slice(i * LINE_BYTES, (i + 1) * LINE_BYTES));
      }
      return within(bytes);
    },
  };
}

function joined(lines: readonly Uint8Array[]): Uint8Array {
  if (lines.length === 1) return lines[0]!;
  const all = new Uint8Array(lines.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const line of lines) {
    all.set(line, offset);
    offset += line.byteLength;
  }
  return all;
}
