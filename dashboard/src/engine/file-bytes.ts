/** Bytes of a file that the visitor chose. */
import { PlateauError } from "../../../shared/errors.ts";

/** The file cannot be read. The message says what to do. */
export class FileError extends PlateauError {}

/** @throws FileError where it was moved or changed since it was chosen, or memory is short. */
export async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    throw new FileError(
      "The file cannot be read: it was moved or changed since it was chosen, or there is not enough memory for it. " +
        "Choose it again.",
      { cause },
    );
  }
}
