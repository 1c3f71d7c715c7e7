/** `plateau serve`: what starts, what stays, and what ends with it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getBoard, listBoards } from "../../shared/api/client/suites.ts";
import { problemSchema } from "../../shared/api/problem.ts";
import { expectSentence, plateau } from "../node/cli-run.ts";
import { alive, cleanUp, gone, newStorage, startServer, type Server } from "./server.ts";

afterAll(cleanUp);

describe("a board with its zoo", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ seed: "pcfg-mini" });
  }, 120_000);

  test("shows the committed checkpoints, with their files", async () => {
    const { rows, checkpoints } = await getBoard(server.connection, "pcfg-mini");
    expect(checkpoints).toBe(20);
    expect(new Set(rows.map(({ origin }) => origin))).toEqual(new Set(["committed"]));
    const { checkpoint, name } = rows[0]!;
    const file = await fetch(`${server.address}/api/v1/checkpoints/${checkpoint}/file`);
    const committed = readFileSync(new URL(`../../models/zoo/pcfg-mini/${name}.onnx`, import.meta.url));
    expect(Buffer.from(await file.arrayBuffer()).equals(committed)).toBe(true);
  });

  test("plateau board prints it", async () => {
    const table = await plateau(["board", "pcfg-mini", "--server", server.address, "--limit", "3"]);
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toContain("20 checkpoints, 3 of them shown, by excess-loss");
    expect(table.stdout).toContain("exact-d48-s1-step-5000");
    const csv = await plateau(["board", "pcfg-mini", "--csv", "--server", server.address]);
    expect(csv.stdout.trim().split("\r\n")).toHaveLength(21);
    const list = await plateau(["board"], { env: { PLATEAU_SERVER: server.address } });
    expect(list.stdout).toContain("pcfg-mini@1");
    const board = (...args: string[]) => plateau(["board", ...args, "--server", server.address]);
    expectSentence(await board("nothing"), /There is no suite nothing on this board/, 1);
    expectSentence(await board("pcfg-mini", "--sort", "bogus"), /has no 'bogus'\. Choose among name, run/, 2);
    expectSentence(await board("pcfg-mini", "--sort", "bogus", "--csv"), /has no 'bogus'/, 2);
  });

  test("its token is in a file for its owner alone, and in nothing else", () => {
    expect(statSync(server.tokenFile).mode & 0o777).toBe(0o600);
    expect(statSync(server.storage).mode & 0o777).toBe(0o700);
    expect(server.token).toMatch(/^[0-9a-f]{64}$/);
    expect(server.said()).not.toContain(server.token);
    const files = readdirSync(server.storage, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    const holding = files
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => readFileSync(path).includes(server.token));
    expect(holding).toEqual([server.tokenFile]);
  });

  test("hands out nothing of its storage by other ways", async () => {
    for (const path of [
      "/cdn-cgi/local/r2/public/plateau/x",
      "/./cdn-cgi/local/explorer",
      "/a/../cdn-cgi/local/scheduled",
    ]) {
      const { status, body } = await rawGet(server.address, path);
      expect(status, path).toBe(404);
      expect(problemSchema.parse(JSON.parse(body)).code).toBe("no-such-route");
    }
  });

  test("parts of pages that are not there are not the page itself", async () => {
    for (const path of ["/assets/nothing-1a2b3c.js", "/assets/", "/assets/../assets/x"]) {
      const response = await fetch(`${server.address}${path}`);
      expect(response.status, path).toBe(404);
      expect(response.headers.get("Cache-Control"), path).toBe("no-store");
      expect(problemSchema.parse(await response.json()).code).toBe("no-such-file");
    }
    const page = await fetch(`${server.address}/boards/pcfg-mini`);
    const [script] = /\/assets\/[^"]+\.js/.exec(await page.text())!;
    const part = await fetch(`${server.address}${script}`);
    expect(part.status).toBe(200);
    expect(Object.fromEntries(part.headers)).toMatchObject({
      "content-type": expect.stringContaining("javascript"),
      "cache-control": expect.stringContaining("immutable"),
      "cross-origin-embedder-policy": "require-corp",
      "content-security-policy": expect.stringContaining("script-src 'self' 'wasm-unsafe-eval'"),
    });
    await part.body?.cancel();
  });

  test("says when all it begins with is there, and keeps a log of what is refused", async () => {
    await expect.poll(server.said).toContain("all suites to begin with are there: pcfg-mini@1");
    await fetch(`${server.address}/api/v1/boards/none?sort=name`);
    await fetch(`${server.address}/api/v1/checkpoints/${server.token}`);
    const log = () => readFileSync(server.log, "utf8");
    await expect.poll(log).toMatch(/^\d{4}-\S+Z 404 GET \/api\/v1\/boards\/none after \d+ ms$/m);
    await expect.poll(log).toMatch(/ 400 GET \/api\/v1\/checkpoints\/… after/);
    expect(log()).toMatch(/ running at http:/);
    expect(log()).not.toContain(server.token);
  });

  test("refuses a large body without a token before it is there", async () => {
    const response = await fetch(`${server.address}/api/v1/import`, {
      method: "POST",
      body: Buffer.alloc(40e6),
    });
    expect(response.status).toBe(401);
    expect(problemSchema.parse(await response.json()).code).toBe("token-missing");
  });

  test("goes on with what it had after an end in good order, and brings nothing in twice", async () => {
    const { checkpoint } = (await getBoard(server.connection, "pcfg-mini")).rows[5]!;
    const removed = await fetch(`${server.address}/api/v1/checkpoints/${checkpoint}`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${server.token}` },
    });
    expect(removed.status).toBe(204);
    expect(await server.stop()).toBe(0);
    expect(alive(server.group)).toBe(false);
    const again = await startServer({ seed: "pcfg-mini", storage: server.storage });
    expect(again.token).toBe(server.token);
    expect(again.said()).not.toMatch(/publishing|bringing/);
    expect((await listBoards(again.connection))[0]).toMatchObject({ suite: "pcfg-mini@1", checkpoints: 19 });
  });
});

describe("an empty board", () => {
  test("ends with all its processes when it is killed, and starts again where it was", async () => {
    const server = await startServer();
    server.process.kill("SIGKILL");
    await gone(server.group);
    const again = await startServer({ storage: server.storage });
    expect(again.token).toBe(server.token);
    await again.stop();
  });

  test("starts its Workers again when they are killed, and tells callers to wait meanwhile", async () => {
    const server = await startServer();
    process.kill(-server.group, "SIGKILL");
    let refused: Response | undefined;
    await expect
      .poll(
        async () => {
          const response = await fetch(`${server.address}/api/v1/health`);
          if (response.status === 503) refused = response;
          else await response.body?.cancel();
          return response.status;
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBe(200);
    expect(refused?.headers.get("Retry-After")).toBe("2");
    expect(server.said()).toMatch(/the Workers (ended|do not answer); starting them again/);
    await server.stop();
  });

  test("takes the token that the environment gives", async () => {
    const token = "a-token-that-the-environment-gives-0";
    const server = await startServer({ env: { PLATEAU_OWNER_TOKEN: token } });
    expect(server.token).toBe(token);
    const tokens = await fetch(`${server.address}/api/v1/tokens`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(tokens.status).toBe(200);
    expect(readdirSync(server.storage)).not.toContain("owner-token");

    const taken = ["serve", "--storage", server.storage, "--port", "0"];
    expectSentence(await plateau(taken), /Another board runs with the storage/, 2);
    await server.stop();
  });

  test("says what is wrong with how it is started", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const storage = newStorage();
    const serve = (...args: string[]) => plateau(["serve", "--storage", storage, ...args]);
    expectSentence(await serve("--port", String(port)), /Port \d+ of 127\.0\.0\.1 is taken; .* --port/, 2);
    expectSentence(await serve("--port", "70000"), /--port/, 2);
    expectSentence(await serve("--host", "no such host"), /cannot be listened on/, 2);
    expectSentence(await serve("--seed", "nothing"), /There is no suite 'nothing'/, 2);
    expectSentence(await plateau(["serve", "--storage", "/proc/nowhere"]), /cannot be made a folder/, 2);
    const short = { env: { PLATEAU_OWNER_TOKEN: "short" } };
    expectSentence(
      await plateau(["serve", "--storage", storage, "--port", "0"], short),
      /32 to 512 characters/,
      2,
    );
    other.close();
  });
});

/** `fetch` would tidy the path up. */
function rawGet(address: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method: "GET" }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    })
      .on("error", reject)
      .end();
  });
}
