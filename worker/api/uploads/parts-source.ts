/** The file that parts make up, to be read by ranges. */
import { PART_BYTES } from "../../../shared/api/uploads.ts";
import type { ByteSource } from "../../../shared/onnx/source.ts";
import { openPart, SourceError, type Part } from "./parts.ts";

/**
 * Reads throw SourceError and nothing else.
 *
 * @param parts all of them, in order.
 */
export function partsSource(bucket: R2Bucket, parts: readonly Part[]): ByteSource {
  const size = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const at = offset + done;
        const part = parts[Math.floor(at / PART_BYTES)]!;
        const from = at % PART_BYTES;
        const range = { offset: from, length: Math.min(length - done, part.bytes - from) };
        try {
          bytes.set(new Uint8Array(await (await openPart(bucket, part, range)).arrayBuffer()), done);
        } catch (cause) {
          if (cause instanceof SourceError) throw cause;
          throw new SourceError(`Bytes ${at} and on of an upload could not be read.`, { cause });
        }
        done += range.length;
      }
      return bytes;
    },
  };
}
