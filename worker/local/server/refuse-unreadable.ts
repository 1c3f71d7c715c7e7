/** Requests that Node cannot read, or does not want to: they reach no handler, and so are answered by hand. */
import { maxHeaderSize, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { problemOf } from "./send-problem.ts";

/** Milliseconds in which a caller who was refused may still send: breaking off at once would lose the answer. */
const LINGER = 2_000;

const refused = new WeakSet<Duplex>();

/** For the event `clientError` of an HTTP server. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Whatever is still sent is an error each time; it is read, and so thrown away.
  if (refused.has(socket)) return;
  refused.add(socket);
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, code, detail] = refusalOf(error);
  const body = JSON.stringify(problemOf(status, code, detail));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Content-Type: application/problem+json",
      "Cache-Control: no-store",
      "Connection: close",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
  setTimeout(() => socket.destroy(), LINGER).unref();
}

function refusalOf({ code }: NodeJS.ErrnoException): [status: number, code: string, detail: string] {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return [
        431,
        "too-long",
        `The request's address and headers are longer than ${maxHeaderSize} bytes, which is the most.`,
      ];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "too-slow", "The request's headers did not come in time; send it again."];
    default:
      return [
        400,
        "invalid-request",
        `The request is not HTTP as this board reads it (${code ?? "unknown"}).`,
      ];
  }
}
