/** What a board is sent of a model: its file, or an archive of it and its external data that is never written anywhere. */
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { END_BYTES, entryHeader, padding } from "../../../shared/onnx/bundle.ts";
import type { ModelFile } from "../model-file.ts";

/** Bytes that stand one after another: some of a file, or some that are known. */
type Piece =
  { readonly size: number; readonly path: string } | { readonly size: number; readonly bytes: Uint8Array };

const HASH_BLOCK = 4 * 2 ** 20;

export class SentFile {
  /** What a board calls it where its card does not say. */
  readonly name: string;
  readonly bytes: number;
  private readonly pieces: readonly Piece[];

  private constructor(name: string, pieces: readonly Piece[]) {
    this.name = name;
    this.pieces = pieces;
    this.bytes = pieces.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * The same files make the same archive, so that a board knows it again.
   *
   * @throws UnsupportedModelError where a file's name does not fit into an archive.
   */
  static of({ path, files }: Pick<ModelFile, "path" | "files">): SentFile {
    const name = basename(path);
    const [model, ...external] = files;
    if (external.length === 0) return new SentFile(name, [model!]);
    const named = [{ ...model!, name: "model.onnx" }, ...external.sort((a, b) => (a.name < b.name ? -1 : 1))];
    const pieces = named.flatMap(({ name: entry, path: from, size }) => [
      inMemory(entryHeader(entry.replace(/^(\.\/)+/, ""), size)),
      { path: from, size },
      inMemory(new Uint8Array(padding(size))),
    ]);
    return new SentFile(
      name,
      [...pieces, inMemory(new Uint8Array(END_BYTES))].filter(({ size }) => size > 0),
    );
  }

  /** Close it afterwards. */
  async open(): Promise<OpenSentFile> {
    const handles = new Map<Piece, FileHandle>();
    try {
      for (const piece of this.pieces) if ("path" in piece) handles.set(piece, await open(piece.path));
    } catch (error) {
      await closeAll(handles);
      throw error;
    }
    return {
      read: (offset, length) => readPieces(this.pieces, handles, offset, length),
      close: () => closeAll(handles),
    };
  }

  async sha256(): Promise<string> {
    const hash = createHash("sha256");
    const file = await this.open();
    try {
      for (let offset = 0; offset < this.bytes; offset += HASH_BLOCK) {
        hash.update(await file.read(offset, Math.min(HASH_BLOCK, this.bytes - offset)));
      }
    } finally {
      await file.close();
    }
    return hash.digest("hex");
  }
}

export interface OpenSentFile {
  /** Fewer bytes than asked for where a file was cut meanwhile: it has another hash, which the board finds out. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

function inMemory(bytes: Uint8Array): Piece {
  return { size: bytes.length, bytes };
}

async function closeAll(handles: ReadonlyMap<Piece, FileHandle>): Promise<void> {
  for (const handle of handles.values()) await handle.close();
}

async function readPieces(
  pieces: readonly Piece[],
  handles: ReadonlyMap<Piece, FileHandle>,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const found = new Uint8Array(length);
  let done = 0;
  let start = 0;
  for (const piece of pieces) {
    const from = Math.max(0, offset + done - start);
    const count = Math.min(piece.size - from, length - done);
    start += piece.size;
    if (count <= 0) continue;
    if ("bytes" in piece) found.set(piece.bytes.subarray(from, from + count), done);
    else {
      const { bytesRead } = await handles.get(piece)!.read(found, done, count, from);
      if (bytesRead < count) return found.subarray(0, done + bytesRead);
    }
    done += count;
    if (done === length) break;
  }
  return found.subarray(0, done);
}
