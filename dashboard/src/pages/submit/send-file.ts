/** A model from the visitor's disk to the board. */
import type { Checkpoint } from "../../../../shared/api/checkpoints.ts";
import type { Connection } from "../../../../shared/api/client/connection.ts";
import { uploadModel } from "../../../../shared/api/client/upload-model.ts";
import type { NewUpload } from "../../../../shared/api/uploads.ts";
import { pause } from "../../api/pause.ts";
import { ShareClock } from "../../api/share-clock.ts";
import { bytesOf } from "../../engine/file-bytes.ts";
import { uploadFetch } from "./upload-fetch.ts";

/** With their pauses, three minutes without an answer. */
const ATTEMPTS = 12;

export interface UploadState {
  /** Bytes that are there; so many of them from an earlier attempt. */
  readonly sent: number;
  readonly resumed: number;
  readonly secondsLeft: number | null;
}

export interface SendHooks {
  readonly signal: AbortSignal;
  readonly onState: (state: UploadState) => void;
  /** The board does not answer, and is asked again by and by. */
  readonly onPause: () => void;
}

/**
 * Answers the checkpoint, and whether the board had it before anything was sent.
 *
 * @throws what `uploadModel` throws, and FileError.
 */
export async function sendFile(
  connection: Connection,
  file: File,
  about: Pick<NewUpload, "card" | "visibility"> & { readonly sha256: string },
  { signal, onState, onPause }: SendHooks,
): Promise<{ readonly checkpoint: Checkpoint; readonly known: boolean }> {
  const clock = new ShareClock();
  let there: { readonly sent: number; readonly resumed: number } | null = null;
  const tell = (more: number) => {
    if (!there) return;
    const sent = Math.min(file.size, there.sent + more);
    onState({ ...there, sent, secondsLeft: clock.left(sent / file.size, performance.now() / 1000) });
  };
  const upload = { ...about, file: file.name, bytes: file.size };
  try {
    const checkpoint = await uploadModel({ ...connection, fetch: uploadFetch(tell) }, upload, {
      signal,
      // Read first: of a file that has changed, the browser says no more than that the request failed.
      read: (offset, length) => bytesOf(file.slice(offset, offset + length)),
      onProgress: (sent, resumed) => {
        there = { sent, resumed };
        tell(0);
      },
      onPause: () => {
        tell(0);
        onPause();
      },
      wait: (seconds) => pause(seconds, signal),
      attempts: ATTEMPTS,
    });
    return { checkpoint, known: there === null };
  } catch (error) {
    // Of the part that broke off nothing is kept.
    tell(0);
    throw error;
  }
}
