/**
 * What an evaluation takes on the real local server: from the upload of a checkpoint of the zoo to its complete row on
 * pcfg-mini@1, and how long other requests wait meanwhile.
 *
 *     node test/benchmarks/board-evaluation.ts [CHECKPOINT]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readSuite } from "../../worker/local/suite-source.ts";
import { begin, bringIn, finished } from "../system/evaluate.ts";
import { zooMaterial } from "../system/material.ts";
import { cleanUp, startServer } from "../system/server.ts";
import { residentMiB } from "./resident.ts";

const name = process.argv[2] ?? "adamw-d64-s1-step-6000";
/** Milliseconds between requests. */
const PAUSE = 50;
const PATHS = ["boards", "boards/pcfg-mini", "boards/pcfg-mini/columns", "suites/pcfg-mini", "health"];

try {
  const server = await startServer({ seed: "pcfg-mini" });
  const { text, suite } = await readSuite("pcfg-mini");
  const material = { ...zooMaterial(name), suite: { id: suite.definition.id, text } };
  const quiet = await timesOf(server.address, (requests) => requests >= 200);
  const begun = performance.now();
  const checkpoint = await bringIn(server.connection, material);
  const uploaded = performance.now();
  const evaluation = await begin(server.connection, checkpoint, material);
  let ended = false;
  const [busy, { shardSeconds, progress }] = await Promise.all([
    timesOf(server.address, () => ended),
    finished(server.connection, evaluation, 600).finally(() => (ended = true)),
  ]);
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  console.log(
    `${name}: uploaded in ${seconds(uploaded - begun)} s, complete row after ${seconds(performance.now() - begun)} s`,
  );
  console.log(
    `${progress.shards.total} shards, ${shardSeconds.toFixed(1)} s of work; server ${residentMiB(server)} MiB`,
  );
  console.log(`other requests before:    ${quantiles(quiet)}`);
  console.log(`other requests meanwhile: ${quantiles(busy)}`);
} finally {
  await cleanUp();
}

/** Milliseconds of one request after another. */
async function timesOf(address: string, enough: (requests: number) => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!enough(times.length)) {
    const begun = performance.now();
    const response = await fetch(`${address}/api/v1/${PATHS[times.length % PATHS.length]!}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`status ${response.status}`);
    times.push(performance.now() - begun);
    await sleep(PAUSE);
  }
  return times;
}

function quantiles(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!.toFixed(0);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (${sorted.length} requests)`;
}
