/** Payloads as text: what every shard gives is JSON of bounded size, and whatever reads it trusts nothing. */
import { z } from "zod";
import { PlateauError } from "../errors.ts";
import { decodeBytes, encodeBytes } from "../evaluate/base64.ts";
import { decodeDoubles } from "../evaluate/float-list.ts";
import { MAX_PAYLOAD_BYTES } from "./shard.ts";

/** A payload that its shard would not have given, or that is missing. Run the shard again, here. */
export class PayloadError extends PlateauError {}

/** Reasons are sentences; some quote what a runtime said. */
const MAX_REASON = 1000;

/** @throws PayloadError where it is too large to be stored. */
export function writePayload(id: string, content: object): string {
  const text = JSON.stringify(content);
  const bytes = utf8Length(text);
  if (bytes <= MAX_PAYLOAD_BYTES) return text;
  throw new PayloadError(
    `What ${id} gives takes ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}. Evaluate the checkpoint with this suite on ` +
      "a machine of your own.",
  );
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * What a payload says.
 *
 * @param read from what the schema lets through to what is wanted; a `Mismatch` says why it cannot be.
 * @throws PayloadError where it is missing or something else.
 */
export function readPayload<Shape, Content>(
  id: string,
  text: string | undefined,
  schema: z.ZodType<Shape>,
  read: (shape: Shape) => Content,
): Content {
  const refuse = (why: string) =>
    new PayloadError(`The payload of ${id} is not what that shard gives: ${why}. Run the shard again.`);
  if (text === undefined) throw new PayloadError(`The payload of ${id} is missing. Run the shard first.`);
  if (text.length > MAX_PAYLOAD_BYTES) throw refuse(`it has ${text.length} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse("it is no JSON");
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw refuse(`${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
  }
  try {
    return read(parsed.data);
  } catch (error) {
    if (error instanceof Mismatch) throw refuse(error.message);
    throw error;
  }
}

/** What the schema lets through does not belong to this shard. */
export class Mismatch extends Error {}

/** Finite numbers to the last bit, in base64. */
export const doublesSchema = z.string().transform((text, context) => {
  const values = decodeDoubles(text);
  if (values?.every(Number.isFinite)) return values;
  context.addIssue({ code: "custom", message: "expected finite numbers (float64 in base64)" });
  return z.NEVER;
});

/** Bytes in base64. */
export const bytesSchema = z.string().transform((text, context) => {
  const bytes = decodeBytes(text);
  if (bytes) return bytes;
  context.addIssue({ code: "custom", message: "expected bytes in base64" });
  return z.NEVER;
});

export const reasonSchema = z.string().min(1).max(MAX_REASON);

export function cutReason(reason: string): string {
  return reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON - 1)}…` : reason;
}

/** Zeros and ones, eight a byte, the first in the lowest bit. */
export function packBits(bits: readonly number[]): string {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => (bytes[i >> 3]! |= bit << (i & 7)));
  return encodeBytes(bytes);
}

/** @throws Mismatch where there are not as many. */
export function unpackBits(bytes: Uint8Array, count: number): number[] {
  expectCount("bits, in bytes", bytes.length, Math.ceil(count / 8));
  return Array.from({ length: count }, (_, i) => (bytes[i >> 3]! >> (i & 7)) & 1);
}

/** Whole numbers from 0 to below 2⁵³, seven bits a byte, the lowest first (LEB128): small ones are short. */
export function packCounts(counts: readonly number[]): string {
  const bytes: number[] = [];
  for (let count of counts) {
    for (; count >= 128; count = Math.floor(count / 128)) bytes.push(128 | (count % 128));
    bytes.push(count);
  }
  return encodeBytes(Uint8Array.from(bytes));
}

/** @throws Mismatch where there are not as many, or one is too large. */
export function unpackCounts(bytes: Uint8Array, count: number): number[] {
  const counts: number[] = [];
  let value = 0;
  let unit = 1;
  for (const byte of bytes) {
    value += (byte & 127) * unit;
    if (!Number.isSafeInteger(value)) throw new Mismatch("a count is too large");
    if (byte >= 128) {
      unit *= 128;
      continue;
    }
    counts.push(value);
    [value, unit] = [0, 1];
  }
  if (unit !== 1) throw new Mismatch("the last count is cut off");
  expectCount("counts", counts.length, count);
  return counts;
}

/** @throws Mismatch where there are not as many. */
export function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Mismatch(`${found} ${what}, expected ${expected}`);
}
