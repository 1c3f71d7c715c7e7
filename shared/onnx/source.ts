/** Random access to the bytes of a model, wherever they are: memory, a file handle, a Blob, an R2 object. */
export interface ByteSource {
  /** Total length in bytes. */
  readonly size: number;
  /** Bytes `[offset, offset + length)`; both are within `size`. May return a view that the caller must not change. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/** A source over bytes in memory; reads are views, never copies. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
