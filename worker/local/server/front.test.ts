import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problemSchema } from "../../../shared/api/problem.ts";
import { openFront, type Answered, type Front } from "./front.ts";

let front: Front;
const answered: Answered[] = [];
/** Stands where the Workers do. */
const behind = createServer((request, response) => {
  response.statusCode = request.url!.startsWith("/missing") ? 404 : 200;
  request.resume().on("end", () => response.end("{}"));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
  front = await openFront("127.0.0.1", 0);
  front.target = (behind.address() as AddressInfo).port;
  front.onAnswer = (each) => answered.push(each);
});

afterAll(async () => {
  await front.close();
  behind.close();
});

/** What a connection hears that sends all of this, as fast as it can, before it listens. */
async function heard(...pieces: string[]): Promise<string> {
  const socket = connect(Number(new URL(front.address).port), "127.0.0.1");
  const failed = new Promise<never>((_, reject) => socket.once("error", reject));
  await once(socket, "connect");
  socket.pause();
  for (const piece of pieces) socket.write(piece);
  await new Promise((resolve) => setTimeout(resolve, 200));
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.resume();
  await Promise.race([once(socket, "end"), failed]);
  socket.destroy();
  return text;
}

test.each([
  ["an address of a megabyte", ["GET /", "a".repeat(1e6), " HTTP/1.1\r\nHost: x\r\n\r\n"], 431],
  ["headers of 100 kB", ["GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "a".repeat(1e5), "\r\n\r\n"], 431],
  ["no HTTP", ["hello\r\n\r\n"], 400],
  [
    "two lengths",
    ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0"],
    400,
  ],
])("%s is refused with a reason, not with a broken connection", async (_, pieces, status) => {
  const text = await heard(...pieces);
  const [head, body] = text.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(problemSchema.parse(JSON.parse(body!)).status).toBe(status);
  // The front goes on.
  expect((await fetch(front.address)).status).toBe(200);
});

test("tells of every answer, without queries", async () => {
  answered.length = 0;
  await (await fetch(`${front.address}/missing?token=secret`, { method: "POST", body: "x" })).text();
  await (await fetch(`${front.address}/cdn-cgi/x`)).text();
  await expect.poll(() => answered.length).toBe(2);
  expect(answered).toMatchObject([
    { method: "POST", path: "/missing", status: 404 },
    { method: "GET", path: "/cdn-cgi/x", status: 404 },
  ]);
});
