/**
 * Reads a serialised ModelProto by ranges and cuts the weights out of it.
 *
 * The result (the skeleton) is itself a valid ModelProto: each long `raw_data` (or packed `float_data`, which has the
 * same bytes) is replaced by an external-data entry that points into the very file it was read from. A 2 GB file is
 * read in a few megabytes, weights are never copied, and all other bytes, unknown fields included, are kept verbatim.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ModelFormatError } from "./error.ts";
import type { ByteSource } from "./source.ts";

/** The external-data location that means "the file this model was read from". */
export const SELF = "";

/** Weights up to this many bytes stay in the skeleton: shapes, axes and scalars are wanted in memory. */
const INLINE_BYTES = 128;
/** What a graph may occupy without its weights. Real graphs take 0.1–20 MB; a bomb of nodes takes more. */
export const MAX_SKELETON_BYTES = 64 * 2 ** 20;
/** What a graph may take in memory without its weights, unless whoever reads it has less. */
export const MAX_MEMORY = 2 ** 30;
/** What a piece of the skeleton takes besides its bytes. */
const PIECE_BYTES = 240;
/** Nesting of subgraphs (`If`, `Loop`). Real models use 1 or 2; deep nesting only serves to exhaust the stack. */
const MAX_DEPTH = 8;
/** Reads are this large, so that a walk over small fields costs few requests. */
const WINDOW_BYTES = 256 * 1024;

type MessageKind = "model" | "graph" | "node" | "attribute" | "tensor";

/** The only fields the walk descends into; everything else is copied as it is. */
const CHILDREN: Record<MessageKind, Readonly<Record<number, MessageKind>>> = {
  model: { 7: "graph" },
  graph: { 1: "node", 5: "tensor" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
  tensor: {},
};

const TENSOR_FLOAT_DATA = 4;
const TENSOR_RAW_DATA = 9;
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;

/**
 * The skeleton's bytes. Throws ModelFormatError where the file is not a well-formed ModelProto.
 *
 * @param memory bytes that reading may take.
 */
export async function readSkeleton(source: ByteSource, memory = MAX_MEMORY): Promise<Uint8Array> {
  const walk = new Walk(source, memory);
  const chunks = await walk.message("model", 0, source.size, 0);
  return concatenate(chunks);
}

class Walk {
  private readonly source: ByteSource;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private written = 0;
  private memory: number;

  constructor(source: ByteSource, memory: number) {
    this.source = source;
    this.memory = memory;
  }

  /** Copies one message of `kind` in `[start, end)`, weights cut out. */
  async message(kind: MessageKind, start: number, end: number, depth: number): Promise<Uint8Array[]> {
    if (depth > MAX_DEPTH * 3) {
      throw new ModelFormatError(`graphs are nested more than ${MAX_DEPTH} deep at byte ${start}`);
    }
    const chunks: Uint8Array[] = [];
    const keep = (bytes: Uint8Array) => {
      this.written += bytes.byteLength;
      this.memory -= bytes.byteLength + PIECE_BYTES;
      if (this.memory < 0) throw tooMuchMemory();
      if (this.written > MAX_SKELETON_BYTES) {
        throw new ModelFormatError(
          `the graph without its weights is larger than ${MAX_SKELETON_BYTES / 2 ** 20} MiB, so this is hardly a language model`,
        );
      }
      chunks.push(bytes);
    };
    let cut: { offset: number; length: number } | null = null;
    for (let position = start; position < end;) {
      const field = await this.field(position, end, kind);
      const child = CHILDREN[kind][field.number];
      if (field.wireType !== WireType.LengthDelimited) {
        keep(await this.copy(position, field.end - position));
      } else if (child) {
        const inner = await this.message(child, field.start, field.end, depth + 1);
        const length = inner.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        keep(tagAndLength(field.number, length));
        // One by one: as arguments of a single call, the pieces of ten thousand nodes overflow the stack.
        for (const chunk of inner) chunks.push(chunk);
      } else if (kind === "tensor" && isWeight(field.number) && field.end - field.start > INLINE_BYTES) {
        cut = { offset: field.start, length: field.end - field.start };
      } else {
        keep(await this.copy(position, field.end - position));
      }
      position = field.end;
    }
    if (cut) keep(pointer(cut));
    return chunks;
  }

  /** The field at `position`: its number, wire type, and where its payload starts and ends. */
  private async field(position: number, end: number, kind: MessageKind) {
    // A tag and a length are two varints of at most 10 bytes.
    const bytes = await this.peek(position, Math.min(20, end - position));
    const reader = new BinaryReader(bytes);
    try {
      const [number, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) {
        const length = reader.uint32();
        const start = position + reader.pos;
        if (start + length > end) {
          throw new ModelFormatError(
            `field ${number} of a ${kind} at byte ${position} claims ${length} bytes but only ${end - start} follow; ` +
              "the file is truncated or not an ONNX model",
          );
        }
        return { number, wireType, start, end: start + length };
      }
      reader.skip(wireType, number);
      return { number, wireType, start: position, end: position + reader.pos };
    } catch (error) {
      if (error instanceof ModelFormatError) throw error;
      throw new ModelFormatError(
        `the bytes at ${position} are no field of a ${kind}; this is not an ONNX model`,
      );
    }
  }

  private async peek(offset: number, length: number): Promise<Uint8Array> {
    const from = offset - this.windowStart;
    if (from < 0 || from + length > this.window.byteLength) {
      this.window = await this.source.read(offset, Math.min(WINDOW_BYTES, this.source.size - offset));
      this.windowStart = offset;
      if (this.window.byteLength < length) {
        throw new ModelFormatError(
          `the file ended at byte ${offset + this.window.byteLength} while being read`,
        );
      }
      return this.window.subarray(0, length);
    }
    return this.window.subarray(from, from + length);
  }

  private async copy(offset: number, length: number): Promise<Uint8Array> {
    if (length > MAX_SKELETON_BYTES) {
      throw new ModelFormatError(
        `a field of ${length} bytes at byte ${offset} is no part of a language model's graph`,
      );
    }
    if (length <= WINDOW_BYTES) return (await this.peek(offset, length)).slice();
    return (await this.source.read(offset, length)).slice();
  }
}

export function tooMuchMemory(): ModelFormatError {
  return new ModelFormatError(
    "its graph would take too much memory, even without its weights, so this is hardly a language model",
  );
}

function isWeight(fieldNumber: number): boolean {
  return fieldNumber === TENSOR_RAW_DATA || fieldNumber === TENSOR_FLOAT_DATA;
}

function tagAndLength(fieldNumber: number, length: number): Uint8Array {
  return new BinaryWriter().tag(fieldNumber, WireType.LengthDelimited).uint32(length).finish();
}

/** External-data entries {location, offset, length} and data_location = EXTERNAL, as TensorProto fields. */
function pointer({ offset, length }: { offset: number; length: number }): Uint8Array {
  const writer = new BinaryWriter();
  for (const [key, value] of [
    ["location", SELF],
    ["offset", String(offset)],
    ["length", String(length)],
  ] as const) {
    writer.tag(TENSOR_EXTERNAL_DATA, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key);
    writer.tag(2, WireType.LengthDelimited).string(value);
    writer.join();
  }
  return writer.tag(TENSOR_DATA_LOCATION, WireType.Varint).int32(1).finish();
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
