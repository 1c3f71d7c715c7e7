/**
 * What people connect to. It passes requests on to the Workers, as Cloudflare's own edge would, and keeps back what
 * `wrangler dev` answers besides: under /cdn-cgi/ it hands out whatever lies in storage, private weights too.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../usage-error.ts";
import { isLoopbackAddress, isLoopbackName } from "./loopback.ts";
import { refuseUnreadable } from "./refuse-unreadable.ts";
import { sendProblem } from "./send-problem.ts";

export interface Answered {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** From request to answer. */
  readonly milliseconds: number;
}

export interface Front {
  /** As this machine can call it. */
  readonly address: string;
  /** Where the Workers answer; null while they do not. */
  target: number | null;
  /** Is told of every answer. */
  onAnswer: ((answered: Answered) => void) | null;
  close(): Promise<void>;
}

/** They are of one connection, not of the message. */
const HOP_BY_HOP = new Set([
  ...[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
  ],
  ...["transfer-encoding", "upgrade"],
]);
/** What the platform says about a request, and nobody else. */
const PLATFORM = /^(cf|mf)-/;
const STARTING_SECONDS = 2;
/** Milliseconds in which a Worker refuses what it need not read: a missing token, a length beyond the limit. */
const REFUSAL = 150;
/** Of a body that is not read, a Worker lets so many bytes come before it breaks the connection off. */
const FORGIVEN = 65_536;
/** Milliseconds in which a caller who was refused may still send. */
const LINGER = 10_000;

/** @throws UsageError where the address cannot be listened on. */
export async function openFront(host: string, port: number): Promise<Front> {
  let target: number | null = null;
  let onAnswer: Front["onAnswer"] = null;
  // A part of an upload may take as long as it takes.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 15_000 }, (incoming, answer) => {
    tellOf(incoming, answer);
    pass(incoming, answer, target);
  });
  // curl asks before it sends something large.
  server.on("checkContinue", (incoming: IncomingMessage, answer: ServerResponse) => {
    tellOf(incoming, answer);
    pass(incoming, answer, target, () => answer.writeContinue());
  });
  server.on("clientError", refuseUnreadable);

  function tellOf({ method = "", url = "" }: IncomingMessage, answer: ServerResponse): void {
    const begun = performance.now();
    answer.once("close", () => {
      if (!answer.headersSent) return;
      const path = (pathOf(url) ?? url).split("?", 1)[0]!;
      const milliseconds = Math.round(performance.now() - begun);
      onAnswer?.({ method, path, status: answer.statusCode, milliseconds });
    });
  }

  await listen(server, host, port);
  return {
    address: addressOf(host, (server.address() as AddressInfo).port),
    get target() {
      return target;
    },
    set target(value) {
      target = value;
    },
    get onAnswer() {
      return onAnswer;
    },
    set onAnswer(value) {
      onAnswer = value;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function addressOf(host: string, port: number): string {
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const name = everywhere[host] ?? host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EADDRINUSE"
          ? `Port ${port} of ${host} is taken; stop what runs there, or choose another with --port`
          : error.code === "EACCES"
            ? `Port ${port} may not be listened on; choose one above 1023 with --port`
            : `${host} cannot be listened on (${error.code ?? error.message}); choose another with --host`;
      reject(new UsageError(`${reason}.`));
    });
    server.listen(port, host, () => resolve());
  });
}

function pass(
  incoming: IncomingMessage,
  answer: ServerResponse,
  target: number | null,
  goOn: () => void = () => {},
): void {
  const remote = incoming.socket.remoteAddress ?? "";
  const { host = "" } = incoming.headers;
  const path = pathOf(incoming.url);
  if (path === null) {
    return sendProblem(answer, 400, "invalid-request", "The request's path does not begin with a slash.");
  }
  if (path.startsWith("/cdn-cgi/")) {
    return sendProblem(answer, 404, "no-such-route", "There is nothing under /cdn-cgi/.");
  }
  // Some routes are open to this machine alone, which they know by the name that it is called by.
  if (!isLoopbackAddress(remote) && isLoopbackName(host)) {
    return sendProblem(
      answer,
      421,
      "misdirected-request",
      "Call this board by its own name, not by a loopback one.",
    );
  }
  if (target === null) {
    const headers = { "Retry-After": String(STARTING_SECONDS) };
    return sendProblem(answer, 503, "starting", "The board is starting; try again in a moment.", headers);
  }
  const outgoing = request({
    host: "127.0.0.1",
    port: target,
    method: incoming.method,
    path,
    headers: { ...passedHeaders(incoming), "cf-connecting-ip": remote },
    setHost: false,
  });
  outgoing.on("response", (response) => {
    answer.writeHead(response.statusCode!, response.statusMessage, passedHeaders(response));
    response.pipe(answer);
    response.on("error", () => answer.destroy());
  });
  outgoing.on("error", () => {
    incoming.unpipe(outgoing).resume();
    if (answer.headersSent) answer.destroy();
    else sendProblem(answer, 502, "no-answer", "The board broke off; try again.");
  });
  answer.on("close", () => outgoing.destroy());
  if (bodyLength(incoming) <= FORGIVEN) {
    goOn();
    incoming.pipe(outgoing);
    return;
  }
  // The refusal of a large body would be lost, were the Worker to break off while it is sent.
  outgoing.flushHeaders();
  const timer = setTimeout(() => {
    outgoing.off("response", refused);
    goOn();
    incoming.pipe(outgoing);
  }, REFUSAL);
  const refused = () => {
    clearTimeout(timer);
    incoming.resume();
    const end = setTimeout(() => incoming.destroy(), LINGER).unref();
    incoming.once("end", () => clearTimeout(end));
  };
  outgoing.once("response", refused);
  outgoing.once("error", () => clearTimeout(timer));
}

/** Bytes, where that is known. */
function bodyLength({ headers }: IncomingMessage): number {
  if (headers["transfer-encoding"] !== undefined) return Infinity;
  return Number(headers["content-length"] ?? 0);
}

/** As the Workers will read it; null where it is not a path. */
function pathOf(url: string | undefined): string | null {
  if (!url?.startsWith("/")) return null;
  const { pathname, search } = new URL(`http://board${url}`);
  return pathname + search;
}

function passedHeaders({ headers }: IncomingMessage): Record<string, string | string[]> {
  const listed = String(headers.connection ?? "")
    .toLowerCase()
    .split(/\s*,\s*/);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) || PLATFORM.test(name) || listed.includes(name)
        ? []
        : [[name, value]],
    ),
  );
}
