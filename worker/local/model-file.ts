/**
 * A model on disk: its graph, its external data and its hashes. Weights are read by ranges where the engine asks for a
 * few, and by ONNX Runtime from the files themselves; they are never in memory as a whole.
 */
import { createHash } from "node:crypto";
import { realpath, stat, type FileHandle } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { PlateauError } from "../../shared/errors.ts";
import type { Graph } from "../../shared/onnx/graph.ts";
import { ModelFormatError, UnsupportedModelError } from "../../shared/onnx/error.ts";
import { readModel } from "../../shared/onnx/read.ts";
import type { WeightSource } from "../../shared/onnx/weights.ts";
import { openFile } from "./read-input.ts";

/** A file's name and content, as a receipt names them. */
export interface FileIdentity {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The file is no longer what it was when the evaluation began. */
export class FileChangedError extends PlateauError {}

interface OpenFile {
  /** As the user or the model names it. */
  readonly name: string;
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
  readonly stamp: string;
}

const HASH_BLOCK = 4 * 2 ** 20;

export class ModelFile {
  readonly path: string;
  readonly graph: Graph;
  /** The model, and its external data. */
  readonly files: readonly OpenFile[];

  private constructor(path: string, graph: Graph, files: readonly OpenFile[]) {
    this.path = path;
    this.graph = graph;
    this.files = files;
  }

  /**
   * Opens a model and reads its graph. Close it afterwards.
   *
   * @throws UsageError where there is no such file; ModelFormatError and UnsupportedModelError as `readModel` does.
   */
  static async open(path: string): Promise<ModelFile> {
    const advice = `give the .onnx file in it, such as ${join(path, "model.onnx")}`;
    const model = await opened(path, path, await openFile(path, "model", advice));
    const files = [model];
    try {
      if (model.size === 0) throw new ModelFormatError("the file is empty");
      const external = async (location: string) => {
        const file = await openExternal(path, location);
        if (!file) return undefined;
        files.push(file);
        return sourceOf(file);
      };
      return new ModelFile(path, await readModel(sourceOf(model), { external }), files);
    } catch (error) {
      await closeAll(files);
      throw error;
    }
  }

  /** Where its files lie: the model, and its external data. */
  get paths(): string[] {
    return this.files.map(({ path }) => path);
  }

  /** Size of all its files. */
  get bytes(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Hashes of the model and of its external data. */
  async identify(): Promise<FileIdentity & { readonly externalData: readonly FileIdentity[] }> {
    const [model, ...externalData] = await Promise.all(this.files.map(identityOf));
    return { ...model!, externalData: externalData.sort((a, b) => (a.file < b.file ? -1 : 1)) };
  }

  /** Throws FileChangedError where a file was written or replaced since it was opened: a run may still be saving. */
  async assertUnchanged(): Promise<void> {
    for (const { name, path, stamp } of this.files) {
      const now = await stat(path).catch(() => null);
      if (!now || stampOf(now) !== stamp) {
        throw new FileChangedError(
          `${name} changed while it was read; evaluate a copy that nothing writes to.`,
        );
      }
    }
  }

  async close(): Promise<void> {
    await closeAll(this.files);
  }
}

async function opened(name: string, path: string, handle: FileHandle): Promise<OpenFile> {
  const stat = await handle.stat();
  return { name, path: resolve(path), handle, size: stat.size, stamp: stampOf(stat) };
}

function stampOf({ ino, size, mtimeMs }: { ino: number; size: number; mtimeMs: number }): string {
  return `${ino}/${size}/${mtimeMs}`;
}

async function closeAll(files: readonly OpenFile[]): Promise<void> {
  for (const { handle } of files) await handle.close();
}

/**
 * An external-data file, or undefined where there is none. Links may lead from the model's folder to the folder the
 * model itself really lies in (download caches keep all files of a model in one place), and nowhere else.
 */
async function openExternal(model: string, location: string): Promise<OpenFile | undefined> {
  const path = join(dirname(model), location);
  let real: string;
  let handle: FileHandle;
  try {
    real = await realpath(path);
    handle = await openFile(path, "external data", "");
  } catch {
    return undefined;
  }
  const folders = [await realpath(dirname(model)), dirname(await realpath(model))];
  if (folders.every((folder) => relative(folder, real).split(sep)[0] === "..")) {
    await handle.close();
    throw new UnsupportedModelError(
      `The external data '${location}' is a link that leaves the model's folder. Put the file itself beside the model.`,
    );
  }
  return opened(location, path, handle);
}

function sourceOf({ handle, size, path, name }: OpenFile): WeightSource {
  return {
    size,
    contents: { file: path },
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0)
          throw new FileChangedError(`${name} became shorter while it was read; is it being written?`);
        done += bytesRead;
      }
      return bytes;
    },
  };
}

async function identityOf({ name, handle, size }: OpenFile): Promise<FileIdentity> {
  const hash = createHash("sha256");
  const block = new Uint8Array(Math.min(HASH_BLOCK, Math.max(1, size)));
  for (let offset = 0; ;) {
    const { bytesRead } = await handle.read(block, 0, block.length, offset);
    if (bytesRead === 0) break;
    hash.update(block.subarray(0, bytesRead));
    offset += bytesRead;
  }
  return { file: name, sha256: hash.digest("hex"), bytes: size };
}
