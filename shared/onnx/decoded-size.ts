/**
 * What a protobuf message takes in memory once it is decoded, found out without decoding it.
 *
 * Two bytes of a file can be an empty node, of which an object of hundreds of bytes is made: a file of some megabytes can
 * exhaust a machine.
 */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { ModelFormatError } from "./error.ts";

/** Bytes of an object, of each of its lists, of what these hold, and of a view on bytes, as V8 was seen to take them. */
const [OBJECT, LIST, VALUE, LONG, VIEW] = [100, 35, 8, 40, 240];
/** Real types and graphs are nested a dozen deep; deeper nesting only serves to exhaust the stack. */
const MAX_DEPTH = 100;

/**
 * Estimated bytes in memory; stops counting beyond `limit`.
 *
 * @throws ModelFormatError where it is no such message, or nested too deeply.
 */
export function decodedSize(schema: DescMessage, message: Uint8Array, limit: number): number {
  let total = objectSize(schema);
  const reader = new BinaryReader(message);

  const countFields = (fields: Fields, end: number, depth: number): void => {
    if (depth > MAX_DEPTH) throw new ModelFormatError(`messages are nested more than ${MAX_DEPTH} deep`);
    while (reader.pos < end && total <= limit) {
      const [number, wireType] = reader.tag();
      if (wireType !== WireType.LengthDelimited) {
        reader.skip(wireType, number);
        total += LONG;
        continue;
      }
      const length = reader.uint32();
      const to = reader.pos + length;
      if (to > end) throw new ModelFormatError(`field ${number} is longer than what holds it`);
      const field = fields.get(number);
      if (field?.message) {
        total += objectSize(field.message);
        countFields(fieldsOf(field.message), to, depth + 1);
      } else {
        total += scalarsSize(field, length);
      }
      reader.pos = to;
    }
  };
  countFields(fieldsOf(schema), message.byteLength, 0);
  return total;
}

type Fields = ReadonlyMap<number, DescField>;
const known = new WeakMap<DescMessage, Fields>();

function fieldsOf(schema: DescMessage): Fields {
  const found = known.get(schema);
  if (found) return found;
  const fields = new Map(schema.fields.map((field) => [field.number, field]));
  known.set(schema, fields);
  return fields;
}

function objectSize({ fields }: DescMessage): number {
  return OBJECT + LIST * fields.filter(({ fieldKind }) => fieldKind === "list").length;
}

/** Of a text, bytes, or a list of numbers without anything between them. */
function scalarsSize(field: DescField | undefined, length: number): number {
  if (field?.fieldKind !== "list" || field.listKind !== "scalar") return VIEW + length;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return VIEW + length;
    case ScalarType.FLOAT:
      return (VALUE * length) / 4;
    case ScalarType.DOUBLE:
      return (VALUE * length) / 8;
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return LONG * length;
    default:
      return VALUE * length;
  }
}
