/**
 * How long a board takes to answer: the real local server with 10,000 synthetic rows, brought in by its own import, one
 * request at a time.
 *
 *     node test/benchmarks/board-latency.ts [ROWS]
 */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suiteText, syntheticResult } from "../../worker/api/testing/small-suite.ts";

const ROWS = Number(process.argv[2] ?? 10_000);
const REQUESTS = 300;
/** As many records as an import takes. */
const BATCH = 300;
const PORT = 8799;
const API = `http://127.0.0.1:${PORT}/api/v1`;
const token = randomBytes(32).toString("hex");
const folder = mkdtempSync(join(tmpdir(), "plateau-board-"));
const environment = {
  ...process.env,
  CI: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
};

const variables = join(folder, "variables");
writeFileSync(variables, `PLATEAU_OWNER_TOKEN=${token}\n`, { mode: 0o600 });
const migrated = spawnSync(
  "npx",
  ["wrangler", "d1", "migrations", "apply", "plateau", "--local", "--persist-to", folder],
  { env: environment, encoding: "utf8" },
);
if (migrated.status !== 0) throw new Error(`${migrated.stdout}${migrated.stderr}`);
const server = spawn(
  "npx",
  [
    "wrangler",
    "dev",
    "--port",
    String(PORT),
    "--persist-to",
    folder,
    "--env-file",
    variables,
    "--log-level",
    "error",
  ],
  { env: environment, stdio: ["ignore", "inherit", "inherit"], detached: true },
);
try {
  await answering();
  await fill();
  for (const path of [
    "boards/small",
    "boards/small?sort=fisher-trace&order=desc",
    "boards/small?sort=name&limit=100",
    "boards/small?sort=loss&family=f3",
    "boards/small?sort=loss&name=9999",
    "boards/small?sort=loss&minStep=9000",
    "boards/small?sort=name&maxLoss=1.01",
    "boards/small/columns",
  ]) {
    await measure(path, path.endsWith("columns") ? 20 : REQUESTS);
  }
} finally {
  process.kill(-server.pid!, "SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}

async function answering(): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const there = await fetch(`${API}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("The server does not answer.");
}

async function fill(): Promise<void> {
  const text = suiteText();
  await post("suites", "application/json", text);
  const begin = performance.now();
  for (let first = 0; first < ROWS; first += BATCH) {
    const count = Math.min(BATCH, ROWS - first);
    const results = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const model = first + i;
        const [run, family] = [`run ${model % 200}`, `f${model % 20}`];
        const [loss, fisher] = [Math.cos(model) + 2, 50 + 40 * Math.sin(3 * model)];
        return syntheticResult({
          suite: text,
          model,
          name: `checkpoint ${model}`,
          run,
          family,
          step: model,
          loss,
          fisher,
        });
      }),
    );
    await post("import", "application/x-ndjson", results.map((result) => JSON.stringify(result)).join("\n"));
  }
  const seconds = (performance.now() - begin) / 1000;
  process.stdout.write(`${ROWS} rows imported in ${seconds.toFixed(1)} s\n`);
}

async function post(path: string, type: string, body: string): Promise<void> {
  const headers = { "Content-Type": type, Authorization: `Bearer ${token}` };
  const response = await fetch(`${API}/${path}`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(await response.text());
}

async function measure(path: string, requests: number): Promise<void> {
  const times: number[] = [];
  let body = Buffer.alloc(0);
  for (let i = 0; i < requests + 5; i++) {
    const begin = performance.now();
    const response = await fetch(`${API}/${path}`);
    body = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(body.toString());
    // The first few find nothing warm.
    if (i >= 5) times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))]!.toFixed(1);
  const size = `${(body.length / 1024).toFixed(0)} KiB, ${(gzipSync(body).length / 1024).toFixed(1)} KiB with gzip`;
  process.stdout.write(`${path}: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms (${size})\n`);
}
