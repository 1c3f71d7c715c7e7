/** A model from its files to a board. */
import type { Checkpoint } from "../../../shared/api/checkpoints.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import { uploadModel, type UploadOptions } from "../../../shared/api/client/upload-model.ts";
import type { CheckedModel } from "./check-model.ts";

/** @throws what `uploadModel` throws; what is there then stays there, for another call to go on. */
export async function sendModel(
  connection: Connection,
  { sent, sha256, card }: CheckedModel,
  visibility: "private" | "public",
  options: Omit<UploadOptions, "read">,
): Promise<Checkpoint> {
  const file = await sent.open();
  try {
    const upload = { file: sent.name, bytes: sent.bytes, sha256, visibility, ...(card && { card }) };
    return await uploadModel(connection, upload, {
      ...options,
      read: (offset, length) => file.read(offset, length),
    });
  } finally {
    await file.close();
  }
}
