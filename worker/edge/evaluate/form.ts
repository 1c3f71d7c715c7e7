/**
 * Forms (multipart/form-data, RFC 7578) in bytes that are all there: parts are views of them, never copies, since the
 * platform's own parser would hold a model twice.
 */
import { ApiError } from "../../api/problems/api-error.ts";

export interface FormPart {
  readonly name: string;
  /** Null for a plain field. */
  readonly file: string | null;
  readonly content: Uint8Array;
}

/** A field may be there once, and there are few. */
const MOST_PARTS = 16;
const LONGEST_HEAD = 4096;

/** Null where the type is another one. @throws ApiError 400 where a form lacks its boundary. */
export function boundaryOf(contentType: string | null): string | null {
  const [type, ...parameters] = (contentType ?? "").split(";");
  if (type!.trim().toLowerCase() !== "multipart/form-data") return null;
  for (const parameter of parameters) {
    const [, quoted, plain] = /^\s*boundary=(?:"([^"]{1,70})"|([^\s"]{1,70}))\s*$/i.exec(parameter) ?? [];
    const boundary = quoted ?? plain;
    if (boundary !== undefined) return boundary;
  }
  throw malformed("its Content-Type names no boundary");
}

/** @throws ApiError 400 where it is no form, or a field is there twice. */
export function parseForm(bytes: Uint8Array, boundary: string): Map<string, FormPart> {
  const delimiter = new TextEncoder().encode(`\r\n--${boundary}`);
  const parts = new Map<string, FormPart>();
  // The first delimiter may be without the line break before it.
  let at = startsWith(bytes, delimiter.subarray(2), 0) ? delimiter.length - 2 : after(bytes, delimiter, 0);
  while (!startsWith(bytes, DASHES, at)) {
    at = skipLine(bytes, at);
    const next = indexOf(bytes, delimiter, at);
    if (next < 0) throw malformed("it ends in the middle of a part");
    const part = parsePart(bytes.subarray(at, next));
    if (parts.has(part.name)) throw malformed(`it has the field '${part.name.slice(0, 50)}' twice`);
    parts.set(part.name, part);
    if (parts.size > MOST_PARTS) throw malformed(`it has more than ${MOST_PARTS} fields`);
    at = next + delimiter.length;
  }
  return parts;
}

const DASHES = new TextEncoder().encode("--");
const BLANK_LINE = new TextEncoder().encode("\r\n\r\n");
const LINE_BREAK = BLANK_LINE.subarray(2);

function parsePart(bytes: Uint8Array): FormPart {
  const head = bytes.subarray(0, LONGEST_HEAD);
  // A part without any header begins with its blank line.
  const end = startsWith(bytes, LINE_BREAK, 0) ? -2 : indexOf(head, BLANK_LINE, 0);
  if (end === -1) throw malformed("a part of it has no end of its headers");
  const text = new TextDecoder().decode(head.subarray(0, Math.max(0, end)));
  const disposition = text.split("\r\n").find((line) => /^content-disposition\s*:/i.test(line)) ?? "";
  const name = parameterOf(disposition, "name");
  if (name === null) throw malformed("a part of it has no name");
  return {
    name,
    file: parameterOf(disposition, "filename"),
    content: bytes.subarray(end + BLANK_LINE.length),
  };
}

/** As browsers write them: quotes and line breaks are escaped with per cent signs. */
function parameterOf(line: string, name: string): string | null {
  const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;"]+))`, "i").exec(line) ?? [];
  return quoted ?? plain ?? null;
}

function startsWith(bytes: Uint8Array, start: Uint8Array, at: number): boolean {
  return start.every((byte, i) => bytes[at + i] === byte);
}

/** -1 where it is not there. */
function indexOf(bytes: Uint8Array, sought: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(sought[0]!, from); at >= 0; at = bytes.indexOf(sought[0]!, at + 1)) {
    if (startsWith(bytes, sought, at)) return at;
  }
  return -1;
}

function after(bytes: Uint8Array, sought: Uint8Array, from: number): number {
  const at = indexOf(bytes, sought, from);
  if (at < 0) throw malformed("its boundary does not occur in it");
  return at + sought.length;
}

/** Blanks after a delimiter, and the line break. */
function skipLine(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  if (!startsWith(bytes, LINE_BREAK, at)) throw malformed("a boundary of it does not end its line");
  return at + LINE_BREAK.length;
}

function malformed(why: string): ApiError {
  return new ApiError(400, "malformed-form", `The body is no form (multipart/form-data): ${why}.`);
}
