/** Where shards leave what is too large for payloads: features of sentences. */
import type { FeatureStore } from "../probes/feature-store.ts";

/** Keys are relative and the same for the same shard: the caller keeps those of evaluations apart. */
export interface BlobStore {
  /** Null where there is none. */
  get(key: string): Promise<Uint8Array | null>;
  /** Writing the same key again writes the same bytes. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** Lists of float32, in the byte order of all machines that there are: little-endian. */
export class BlobFeatures implements FeatureStore {
  private readonly blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.blobs = blobs;
  }

  async get(key: string): Promise<Float32Array> {
    const bytes = await this.blobs.get(key);
    if (!bytes)
      throw new Error(`There are no features ${key}: the shard that extracts them has to run again.`);
    if (bytes.byteLength % 4 !== 0) {
      throw new Error(`${key} holds ${bytes.byteLength} bytes, which is no list of numbers.`);
    }
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  }

  async put(key: string, values: Float32Array): Promise<void> {
    await this.blobs.put(key, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
}
