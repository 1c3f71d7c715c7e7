/** Records out of the body of an import: JSON lines one by one, or JSON as `plateau evaluate` writes it. */
import { archiveRecordSchema, type ArchiveRecord } from "../../../shared/api/archive.ts";
import { LARGEST_CARD } from "../../../shared/api/imported-result.ts";
import { ApiError } from "../problems/api-error.ts";
import { requireMediaType } from "../requests/media-type.ts";
import { readText, streamText } from "../requests/read-body.ts";
import { LARGEST_SUITE } from "../suites/publish.ts";

export const JSON_LINES = "application/x-ndjson";

/** A record with a suite or a result, and what stands around it: a card at most. */
export const LONGEST_LINE = LARGEST_SUITE + 2 * LARGEST_CARD;
/** Lines are read one by one; the platform takes no more than this. */
export const LARGEST_LINES = 100 * 2 ** 20;
/** Parsed as a whole. */
export const LARGEST_JSON = 16 * 2 ** 20;
/** Each takes three calls to storage, and a request may make 1,000. */
export const MOST_RECORDS = 300;

export interface PlacedRecord {
  /** How errors call it. */
  readonly place: string;
  readonly record: ArchiveRecord;
}

/** @throws ApiError where the body is too large or no such record. */
export async function* readRecords(request: Request): AsyncGenerator<PlacedRecord> {
  const type = requireMediaType(request, ["application/json", JSON_LINES]);
  const values = type === JSON_LINES ? lineValues(request) : jsonValues(request);
  let count = 0;
  for await (const { place, value } of values) {
    if (++count > MOST_RECORDS) {
      throw new ApiError(
        413,
        "too-many",
        `More than ${MOST_RECORDS} records came at once; send the rest in another request.`,
      );
    }
    yield { place, record: recordOf(value, place) };
  }
}

interface Placed {
  readonly place: string;
  readonly value: unknown;
}

async function* jsonValues(request: Request): AsyncGenerator<Placed> {
  const value = parseJson(await readText(request, LARGEST_JSON), "The body");
  if (!Array.isArray(value)) yield { place: "The record", value };
  else for (const [i, each] of value.entries()) yield { place: `Record ${i + 1}`, value: each };
}

async function* lineValues(request: Request): AsyncGenerator<Placed> {
  let line = 0;
  for await (const text of lines(request)) {
    line++;
    const place = `Line ${line}`;
    if (text.trim() !== "") yield { place, value: parseJson(text, place) };
  }
}

async function* lines(request: Request): AsyncGenerator<string> {
  let pieces: string[] = [];
  let length = 0;
  for await (const piece of streamText(request, LARGEST_LINES)) {
    const [first, ...rest] = piece.split("\n") as [string, ...string[]];
    for (const part of [first, ...rest].entries()) {
      if (part[0] > 0) {
        yield pieces.join("");
        pieces = [];
        length = 0;
      }
      pieces.push(part[1]);
      length += part[1].length;
      if (length > LONGEST_LINE) {
        throw new ApiError(
          413,
          "too-large",
          `A line is longer than ${LONGEST_LINE} characters, the most that is read.`,
        );
      }
    }
  }
  yield pieces.join("");
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(422, "invalid-json", `${place} is not JSON (${(error as Error).message}).`);
  }
}

/** A result may stand on its own, as `plateau evaluate` writes it. */
function recordOf(value: unknown, place: string): ArchiveRecord {
  const bare = typeof value === "object" && value !== null && !("kind" in value);
  const record = archiveRecordSchema.safeParse(bare ? { kind: "result", result: value } : value);
  if (record.success) return record.data;
  const { path, message } = record.error.issues[0]!;
  throw new ApiError(
    422,
    "invalid-record",
    `${place}${path.length > 0 ? `, ${path.join(".")}` : ""}: ${message}.`,
  );
}
