/** Server-sent events (WHATWG HTML, 9.2), as far as boards send them. */
import type { Decoder, HttpResponse } from "./fetch.ts";

export interface ServerEvent {
  /** To send back as Last-Event-ID; null where none was sent yet. */
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Longer ones are no board's. */
const LONGEST = 1_000_000;

/** Events as they come; ends with the stream, and rejects where it breaks off. Stopping early closes the connection. */
export async function* readEvents(
  { body }: Pick<HttpResponse, "body">,
  decoder: Decoder,
): AsyncGenerator<ServerEvent> {
  if (!body) return;
  const reader = body.getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || !value) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Text in pieces, to events. What stands after the last blank line is never one. */
export class EventParser {
  private rest = "";
  private id: string | null = null;
  private event = "";
  private data: string[] = [];

  *push(text: string): Generator<ServerEvent> {
    this.rest += text;
    if (this.rest.length > LONGEST) throw new RangeError(`an event has more than ${LONGEST} characters`);
    // A carriage return at the end may be half a line break.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop()!;
    for (const line of lines) {
      const event = this.line(line);
      if (event) yield event;
    }
  }

  private line(line: string): ServerEvent | null {
    if (line === "") return this.dispatch();
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line)!;
    if (field === "data") this.data.push(value!);
    else if (field === "event") this.event = value!;
    else if (field === "id" && !value!.includes("\0")) this.id = value!;
    return null;
  }

  private dispatch(): ServerEvent | null {
    const { id, event, data } = this;
    this.event = "";
    this.data = [];
    return data.length > 0 ? { id, event: event || "message", data: data.join("\n") } : null;
  }
}
