/**
 * How smooth a board of 10,000 rows is in headless Chromium without a GPU: the dashboard as it is built, with synthetic
 * rows. Frames are those of `requestAnimationFrame`, and whatever else the machine does is in them; processor time of the
 * page's main thread, from one frame to the next, is without it.
 *
 *     node test/benchmarks/board-frames.ts [ROWS]
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, loadavg } from "node:os";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import type { BoardColumns } from "../../shared/api/boards.ts";
import type { PublishedSuite } from "../../shared/api/suites.ts";
import { launch, servePages } from "../browser/site.ts";
import { printTable } from "./table.ts";

const ROWS = Number(process.argv[2] ?? 10_000);
const RUNS = 200;
const FRAMES = 300;

const MEASURES = ["loss", "excess-loss", "fisher-trace", "hessian-trace", "empirical-fisher-trace"];
const TASKS = ["task-A", "task-B", "task-C", "minimal-pairs"];

const suite: PublishedSuite = {
  id: "large@1",
  title: "Large",
  description: "Synthetic rows.",
  objective: "mlm",
  vocabulary: { size: 8, pad: 0, mask: 1 },
  knownLanguage: true,
  measures: MEASURES.map((id) => ({
    id,
    label: id.replaceAll("-", " "),
    description: "A measure.",
    unit: "nats/token",
    better: "lower",
  })),
  tasks: TASKS.map((id) => ({
    id,
    kind: "probe",
    title: id,
    description: "A task.",
    summary: "",
    chance: 0.3,
    items: 2000,
  })),
  directions: 4,
  seed: 1,
  probeDimensions: 256,
  examples: 6000,
  labelledTokens: 6000,
  sha256: "0".repeat(64),
  bytes: 1000,
  publishedAt: "2026-11-23T10:00:00.000Z",
  checkpoints: ROWS,
};

/** Between −½ and ½, and always the same. */
function noise(row: number, stream: number): number {
  const value = Math.sin(row * 12.9898 + stream * 78.233) * 43_758.5453;
  return value - Math.floor(value) - 0.5;
}

function columns(): BoardColumns {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const run = (row: number) => row % RUNS;
  const step = (row: number) => Math.floor(row / RUNS);
  const name = (row: number) =>
    `family-${run(row) % 20}-r${Math.floor(run(row) / 40)}-s${(Math.floor(run(row) / 20) % 2) + 1}`;
  const excess = (row: number) => 0.01 + 1.2 * Math.exp(-step(row) / 8) + 0.02 * (noise(row, 1) + 0.5);
  const trace = (row: number) =>
    Math.exp(4 + 0.5 * Math.sin(run(row) % 20) + 0.15 * noise(row, 2) - step(row) / 60);
  const value = (id: string, row: number) =>
    id === "loss" ? 1.5 + excess(row) : id === "excess-loss" ? excess(row) : trace(row);
  return {
    suite: suite.id,
    checkpoints: ROWS,
    tiers: { upToDate: true, methods: {} },
    columns: {
      checkpoint: rows.map((row) =>
        row
          .toString(26)
          .padStart(16, "0")
          .replace(/\d|[a-p]/g, (digit) => "abcdefghijklmnopqrstuvwxyz"[parseInt(digit, 26)]!),
      ),
      name: rows.map((row) => `${name(row)}-step-${1000 * step(row)}`),
      run: rows.map(name),
      startedFrom: rows.map(() => null),
      family: rows.map((row) => `family-${run(row) % 20}`),
      step: rows.map((row) => 1000 * step(row)),
      parameters: rows.map((row) => 20_000 * (1 + (run(row) % 20))),
      origin: rows.map(() => "imported" as const),
      owner: rows.map(() => null),
      addedAt: rows.map(() => suite.publishedAt),
      measures: Object.fromEntries(
        MEASURES.map((id) => [
          id,
          {
            value: rows.map((row) => value(id, row)),
            standardError: rows.map((row) => Number((value(id, row) * 0.02).toPrecision(4))),
            directionError: rows.map(() => null),
            tier: rows.map((row) => 1 + (row % 40)),
          },
        ]),
      ),
      tasks: Object.fromEntries(
        TASKS.map((id, i) => [
          id,
          {
            value: rows.map((row) => 0.9 - 0.05 * Math.log(trace(row)) + 0.03 * noise(row, 3 + i)),
            standardError: rows.map(() => 0.0075),
            tier: rows.map((row) => 1 + (row % 30)),
          },
        ]),
      ),
    },
  };
}

const answers: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({
    suites: { suites: [suite] },
    boards: { boards: [{ suite: suite.id, title: suite.title, checkpoints: ROWS }] },
    [`suites/${suite.id}`]: suite,
    [`boards/${suite.id}/columns`]: columns(),
    evaluations: { evaluations: [], next: null },
  }).map(([path, answer]) => [path, gzipSync(JSON.stringify(answer))]),
);
const api = createServer(({ url }, answer) => {
  const body = answers[decodeURIComponent(url!.replace("/api/v1/", "").replace(/\?.*/, ""))];
  answer.writeHead(body ? 200 : 404, {
    "Content-Type": "application/json",
    ...(body && { "Content-Encoding": "gzip" }),
  });
  answer.end(body);
});
await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));

/** What is done before frame i, in the page. Typing and clicking faster than anybody does, dragging at every frame. */
const DONE: Readonly<Record<string, string>> = {
  nothing: "() => {}",
  scroll: `(i) => { document.querySelector(".scroller").scrollTop = 150 * i; }`,
  "scroll by the bar": `(i) => { if (i % 4 === 0) document.querySelector(".scroller").scrollTop = (i * 7919) % (30 * ${ROWS}); }`,
  sort: `(i) => { if (i % 12 === 0) document.querySelectorAll("thead button")[(i / 12) % 5].click(); }`,
  filter: `(i) => {
    if (i % 6 !== 0) return;
    const search = document.querySelector("input[type=search]");
    search.value = "family-1".slice(0, (i / 6) % 9);
    search.dispatchEvent(new Event("input", { bubbles: true }));
  }`,
  "loss window": `(i) => {
    const track = document.querySelector(".track");
    const { left, top } = track.getBoundingClientRect();
    const at = (type) => track.dispatchEvent(
      new PointerEvent(type, { bubbles: true, button: 0, clientX: left + 320 + 300 * Math.sin(i / 25), clientY: top + 5 }),
    );
    track.setPointerCapture = () => {};
    at(i === 0 ? "pointerdown" : "pointermove");
  }`,
};

async function frames(page: Page, done: string): Promise<number[]> {
  const times = await page.evaluate(`new Promise((resolve) => {
    const act = ${done};
    const times = [];
    let i = 0;
    let last;
    requestAnimationFrame(function frame(now) {
      if (last !== undefined) times.push(now - last);
      last = now;
      if (i === ${FRAMES}) return resolve(times);
      act(i++);
      requestAnimationFrame(frame);
    });
  })`);
  return (times as number[]).sort((a, b) => a - b);
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

/** What the main thread worked in each frame, milliseconds, sorted. */
async function worked(page: Page, act: () => Promise<unknown>): Promise<number[]> {
  const debug = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  debug.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await debug.send("Tracing.start", {
    categories: "devtools.timeline,disabled-by-default-devtools.timeline",
  });
  await act();
  const complete = new Promise((resolve) => debug.once("Tracing.tracingComplete", resolve));
  await debug.send("Tracing.end");
  await complete;
  await debug.detach();
  const callbacks = events.filter(({ name }) => name === "FireAnimationFrame");
  const { pid, tid } = callbacks[0]!;
  const starts = callbacks.filter((event) => event.pid === pid && event.tid === tid).map(({ ts }) => ts);
  const tasks = events
    .filter((event) => event.name === "RunTask" && event.ph === "X" && event.pid === pid && event.tid === tid)
    .sort((a, b) => a.ts - b.ts);
  const times: number[] = [];
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    if (starts.some((start) => start >= ts && start <= ts + dur)) times.push(0);
    if (times.length > 0) times[times.length - 1]! += tdur / 1000;
  }
  return times.sort((a, b) => a - b);
}

const browser = await launch();
const site = await servePages(`http://127.0.0.1:${(api.address() as AddressInfo).port}`);
try {
  console.log(
    `${cpus()[0]!.model}, ${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}, Node ${process.version}, Chromium ${browser.version()}`,
  );
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const loads: number[] = [];
  for (let i = 0; i < 6; i++) {
    const begin = performance.now();
    await page.goto(`${site.address}/boards/${suite.id}`);
    await page.locator("tbody tr[data-index] a").first().waitFor();
    // The first one finds nothing warm.
    if (i > 0) loads.push(performance.now() - begin);
  }
  loads.sort((a, b) => a - b);
  console.log(
    `${ROWS} rows: first row after ${loads[2]!.toFixed(0)} ms (median of 5, longest ${loads[4]!.toFixed(0)})`,
  );
  await page.locator("section[aria-label=Correlation] .sentence").waitFor();
  const lines: (string | number)[][] = [];
  for (const [name, done] of Object.entries(DONE)) {
    // Filters and sorting with all rows; the window needs to be there to be moved.
    await page.goto(`${site.address}/boards/${suite.id}${name === "loss window" ? "" : "?window=off"}`);
    await page.locator("section[aria-label=Correlation] .sentence").waitFor();
    await page.waitForTimeout(1500);
    const times = await frames(page, done);
    const work = await worked(page, () => frames(page, done));
    const p99 = (sorted: readonly number[]) => sorted[Math.floor(0.99 * sorted.length)]!;
    lines.push([
      name,
      times[times.length >> 1]!,
      p99(times),
      times.at(-1)!,
      work[work.length >> 1]!,
      p99(work),
    ]);
  }
  printTable(["frames", "p50, ms", "p99, ms", "longest, ms", "main thread, p50, ms", "p99, ms"], lines);
} finally {
  await browser.close();
  await site.close();
  api.close();
}
