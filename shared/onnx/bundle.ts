/**
 * Models of several files as one: a tar archive of the .onnx file and its external data, as POSIX.1-1988 (ustar) has it.
 *
 * Nothing is unpacked. Files lie in an archive as they are, so a constant at some offset of one of them lies at another
 * offset of the archive, and that is where the graph is made to point.
 */
import { ModelFormatError, UnsupportedModelError } from "./error.ts";
import type { ByteSource } from "./source.ts";

const BLOCK = 512;
/** Archives of models have a handful of files. */
const MOST_ENTRIES = 10_000;
/** Kinds of entries that are files; others are folders, links, and remarks on the entry that follows. */
const FILE_KINDS = new Set(["0", "\0"]);
const REMARKS = new Set(["x", "g", "L", "K", "5"]);

/** A file in an archive. */
export interface Entry {
  readonly offset: number;
  readonly size: number;
}

export interface Bundle {
  readonly model: Entry;
  /** The other files, by their paths from the model's folder on. */
  readonly external: ReadonlyMap<string, Entry>;
}

/**
 * What an archive holds; null where the source is none.
 *
 * @throws ModelFormatError where it is cut off or damaged; UnsupportedModelError where it has not exactly one .onnx file.
 */
export async function readBundle(source: ByteSource): Promise<Bundle | null> {
  if (source.size < BLOCK || !isHeader(await source.read(0, BLOCK))) return null;
  const files = new Map<string, Entry>();
  for (let offset = 0, entries = 0; offset + BLOCK <= source.size; entries++) {
    const header = await source.read(offset, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (!isHeader(header) || checksum(header) !== number(header, 148, 8)) {
      throw new ModelFormatError(`the archive is damaged at byte ${offset}`);
    }
    if (entries >= MOST_ENTRIES) throw new ModelFormatError(`the archive has over ${MOST_ENTRIES} entries`);
    const size = number(header, 124, 12);
    const [prefix, name, kind] = [
      text(header, 345, 155),
      text(header, 0, 100),
      String.fromCharCode(header[156]!),
    ];
    const path = (prefix && isPosix(header) ? `${prefix}/${name}` : name).replace(/^(\.\/)+/, "");
    const start = offset + BLOCK;
    if (start + size > source.size) {
      throw new ModelFormatError(
        `'${path}' in the archive has ${size} bytes, but ${source.size - start} are there`,
      );
    }
    if (FILE_KINDS.has(kind)) files.set(path, { offset: start, size });
    else if (!REMARKS.has(kind)) {
      throw new UnsupportedModelError(
        `'${path}' in the archive is no plain file. Pack the .onnx file and its data themselves, without links.`,
      );
    }
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return bundleOf(files);
}

function bundleOf(files: ReadonlyMap<string, Entry>): Bundle {
  // macOS puts a twin of its own beside each file.
  const models = [...files.keys()].filter((path) => /\.onnx$/i.test(path) && !/(^|\/)\._/.test(path));
  const [model] = models;
  if (model === undefined || models.length > 1) {
    throw new UnsupportedModelError(
      `The archive has ${models.length === 0 ? "no .onnx file" : `${models.length} .onnx files`}. Pack one, with the ` +
        "files that its weights lie in.",
    );
  }
  const folder = model.slice(0, model.lastIndexOf("/") + 1);
  const beside = [...files].filter(([path]) => path !== model && path.startsWith(folder));
  return {
    model: files.get(model)!,
    external: new Map(beside.map(([path, entry]) => [path.slice(folder.length), entry])),
  };
}

/** The bytes of an entry, to be read on their own. */
export function entrySource(source: ByteSource, { offset, size }: Entry): ByteSource {
  return { size, read: (from, length) => source.read(offset + from, length) };
}

/** GNU's archives say "ustar  ", and have other things where POSIX has the prefix. */
function isHeader(header: Uint8Array): boolean {
  return [..."ustar"].every((letter, i) => header[257 + i] === letter.charCodeAt(0));
}

function isPosix(header: Uint8Array): boolean {
  return header[262] === 0;
}

/** Sum of all bytes, those of the sum itself taken as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}

function text(header: Uint8Array, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  const encoded = Array.from(
    end < 0 ? field : field.subarray(0, end),
    (byte) => `%${byte.toString(16).padStart(2, "0")}`,
  );
  try {
    return decodeURIComponent(encoded.join(""));
  } catch {
    throw new ModelFormatError("a name in the archive is no UTF-8");
  }
}

/** Octal digits, or where they are not enough, bytes after a first one of 0x80. */
function number(header: Uint8Array, offset: number, length: number): number {
  const value =
    header[offset] === 0x80
      ? header.subarray(offset + 1, offset + length).reduce((sum, byte) => sum * 256 + byte, 0)
      : parseInt(text(header, offset, length).trim() || "0", 8);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ModelFormatError(`a size in the archive is no number`);
}

/**
 * The header of a file in an archive; the same file has the same one wherever and whenever it is packed.
 *
 * @param path of ASCII, at most 100 characters.
 * @param size in bytes, below 8 GiB.
 */
export function entryHeader(path: string, size: number): Uint8Array<ArrayBuffer> {
  if (!/^[\x20-\x7e]{1,100}$/.test(path)) {
    throw new UnsupportedModelError(
      `The file name '${path}' is too long or too unusual to be packed; use up to 100 plain characters.`,
    );
  }
  const header = new Uint8Array(BLOCK);
  const put = (offset: number, field: string) =>
    header.set(
      Array.from(field, (letter) => letter.charCodeAt(0)),
      offset,
    );
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  put(0, path);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(156, "0");
  put(257, "ustar\0" + "00");
  put(148, `${checksum(header).toString(8).padStart(6, "0")}\0 `);
  return header;
}

/** Zeros after a file of this size, and after the last one. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
export const END_BYTES = 2 * BLOCK;
