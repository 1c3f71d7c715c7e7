/** Files that are downloaded once, go on where they broke off, and are what they should be. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { HttpResponse } from "../../../shared/api/client/fetch.ts";
import { UnreachableError } from "../../../shared/api/client/errors.ts";
import { FileCache } from "./cache.ts";
import { WrongFileError, type Download } from "./cached-file.ts";

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) & 255));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const patience = { wait: () => Promise.resolve() };

/** What the server sends, and after how many bytes of an answer it hangs up. */
let served: Buffer;
let cutAfter: number[];
let asked: number[];
let server: Server;
let folder: string;
let cache: FileCache;

beforeAll(async () => {
  server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    asked.push(from);
    response.writeHead(from > 0 ? 206 : 200, { "Content-Length": served.length - from });
    void send(response, served.subarray(from), cutAfter.shift());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

/** Hangs up once what it sent has arrived. */
async function send(response: ServerResponse, bytes: Buffer, cut: number | undefined): Promise<void> {
  if (cut === undefined) return void response.end(bytes);
  await new Promise<void>((resolve) => response.write(bytes.subarray(0, cut), () => resolve()));
  setTimeout(() => response.destroy(), 50);
}

beforeEach(async () => {
  [served, cutAfter, asked] = [content, [], []];
  if (folder) rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "plateau-cache-"));
  cache = await FileCache.in(folder, 1e6);
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function wanted(change: Partial<Download> = {}): Download {
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    ...{ sha256: sha256(content), bytes: content.length, what: "the model", resumable: true },
    open: (offset) =>
      fetch(address, { headers: offset > 0 ? { Range: `bytes=${offset}-` } : {} }) as Promise<HttpResponse>,
    ...change,
  };
}

test("once, whoever asks for it", async () => {
  const paths = await Promise.all([cache.file(wanted(), patience), cache.file(wanted(), patience)]);
  expect(paths[0]).toBe(paths[1]);
  expect(readFileSync(paths[0]).equals(content)).toBe(true);
  const other = await FileCache.in(folder, 1e6);
  await other.file(wanted(), patience);
  expect(asked).toEqual([0]);
});

test("what broke off goes on where it was, in this process and in another one", async () => {
  cutAfter = [100_000, 50_000];
  const progress: number[] = [];
  const path = await cache.file(wanted({ onProgress: (received) => progress.push(received) }), patience);
  expect(asked).toEqual([0, 100_000, 150_000]);
  expect(progress.at(-1)).toBe(content.length);
  expect(readFileSync(path).equals(content)).toBe(true);
});

test("what cannot be had in parts begins anew", async () => {
  cutAfter = [100_000];
  await cache.file(wanted({ resumable: false }), patience);
  expect(asked).toEqual([0, 0]);
});

test("a part that is another file's is not built upon", async () => {
  cutAfter = [100_000];
  await expect(cache.file(wanted(), { ...patience, attempts: 1 })).rejects.toThrow(UnreachableError);
  const part = join(folder, sha256(content), "file.part");
  writeFileSync(part, Buffer.alloc(100_000));
  const path = await cache.file(wanted(), patience);
  expect(asked).toEqual([0, 100_000, 0]);
  expect(readFileSync(path).equals(content)).toBe(true);
});

test.each([
  ["another", () => Buffer.alloc(content.length)],
  ["a longer one", () => Buffer.concat([content, Buffer.alloc(10)])],
])("%s than was announced is refused, and not kept", async (_, other) => {
  served = other();
  await expect(cache.file(wanted(), patience)).rejects.toThrow(WrongFileError);
  expect(existsSync(join(folder, sha256(content), "file.part"))).toBe(false);
});

test("a lock whose holder is gone holds nobody up", async () => {
  const path = await cache.file(wanted(), patience);
  rmSync(path);
  writeFileSync(`${path}.lock`, String(2 ** 22 + 1));
  expect(await cache.file(wanted(), patience)).toBe(path);
});

test("what was not used for longest goes when there is too much", async () => {
  const others = [1, 2, 3, 4].map((seed) => Buffer.alloc(300_000, seed));
  const paths: string[] = [];
  for (const [i, bytes] of others.entries()) {
    served = bytes;
    const path = await cache.file(wanted({ sha256: sha256(bytes) }), patience);
    // The first one was used last.
    utimesSync(path, i, i === 0 ? 100 : i);
    paths.push(path);
  }
  expect(paths.map((path) => existsSync(dirname(path)))).toEqual([true, false, true, true]);
});
