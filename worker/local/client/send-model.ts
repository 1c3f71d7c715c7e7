/** A model from its file to a board. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { Checkpoint } from "../../../shared/api/checkpoints.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import { uploadModel, type UploadOptions } from "../../../shared/api/client/upload-model.ts";
import type { CheckedModel } from "./check-model.ts";

/** @throws what `uploadModel` throws; what is there then stays there, for another call to go on. */
export async function sendModel(
  connection: Connection,
  path: string,
  { sha256, bytes, card }: CheckedModel,
  visibility: "private" | "public",
  options: Omit<UploadOptions, "read">,
): Promise<Checkpoint> {
  const handle = await open(path);
  try {
    const read = async (offset: number, length: number) => {
      const part = new Uint8Array(length);
      const { bytesRead } = await handle.read(part, 0, length, offset);
      // A file that was cut meanwhile has another hash, which the board finds out.
      return part.subarray(0, bytesRead);
    };
    const upload = { file: basename(path), bytes, sha256, visibility, ...(card && { card }) };
    return await uploadModel(connection, upload, { ...options, read });
  } finally {
    await handle.close();
  }
}
