/** Models whose weights lie in other files, and archives of such models. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from "onnx-buf";
import { END_BYTES, entryHeader, padding } from "../../shared/onnx/bundle.ts";

export interface TwoFiles {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Exporters keep what is shorter inside: ONNX Runtime must see shapes before it opens other files. */
const SHORTEST = 64;

/** Moves every second weight of a model out of it. What stays inside is to be found as well. */
export function withExternalData(bytes: Uint8Array, location: string): TwoFiles {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const moved: Uint8Array[] = [];
  let offset = 0;
  for (const [i, tensor] of proto.graph!.initializer.entries()) {
    if (tensor.rawData.length < SHORTEST || i % 2 === 0) continue;
    const place = { location, offset, length: tensor.rawData.length };
    moved.push(tensor.rawData);
    offset += tensor.rawData.length;
    tensor.rawData = new Uint8Array(0);
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries(place).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) }),
    );
  }
  return { model: toBinary(ModelProtoSchema, proto), data: joined(moved) };
}

/** An archive as `plateau push` packs it. */
export function packed(files: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).flatMap(([path, bytes]) => [
    entryHeader(path, bytes.length),
    bytes,
    new Uint8Array(padding(bytes.length)),
  ]);
  return joined([...entries, new Uint8Array(END_BYTES)]);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return all;
}
