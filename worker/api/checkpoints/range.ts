/** Which bytes of a file are asked for (RFC 9110, 14.2). */

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The bytes that a Range header asks for. Null: all of them, since it names several ranges, another unit, or nothing that
 * can be understood. "unsatisfiable": none of them is there.
 *
 * @param size of the file, in bytes; at least 1.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | null | "unsatisfiable" {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? "");
  if (!match) return null;
  const [, first = "", last = ""] = match;
  if (first === "") {
    if (last === "") return null;
    const length = Math.min(Number(last), size);
    return length > 0 ? { offset: size - length, length } : "unsatisfiable";
  }
  const offset = Number(first);
  if (last !== "" && Number(last) < offset) return null;
  if (offset >= size) return "unsatisfiable";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { offset, length: end - offset };
}
