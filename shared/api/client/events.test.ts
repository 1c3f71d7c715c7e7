import { expect, test } from "vitest";
import { EventParser, type ServerEvent } from "./events.ts";

function parse(pieces: readonly string[]): ServerEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => [...parser.push(piece)]);
}

const text =
  'retry: 1000\n\nid: 1.a\nevent: progress\ndata: {"a":1}\n\n: still here\n\nid: 2\ndata: x\ndata:y\n\ndata: half';
const events = [
  { id: "1.a", event: "progress", data: '{"a":1}' },
  { id: "2", event: "message", data: "x\ny" },
];

test("events, with what they leave out", () => {
  expect(parse([text])).toEqual(events);
});

test("the same events whatever the pieces and line breaks", () => {
  for (const lineBreak of ["\n", "\r\n", "\r"]) {
    const written = text.replaceAll("\n", lineBreak);
    for (let size = 1; size < 40; size++) {
      const pieces = written.match(new RegExp(`.{1,${size}}`, "gs"))!;
      expect(parse(pieces), `${JSON.stringify(lineBreak)} in pieces of ${size}`).toEqual(events);
    }
  }
});

test("an endless line is given up", () => {
  expect(() => parse(Array<string>(20).fill("x".repeat(100_000)))).toThrow(RangeError);
});
