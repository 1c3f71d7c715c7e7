/**
 * What an evaluation would cost on Cloudflare: shards, requests, rows and operations of real ones on the local server,
 * counted where the Workers ask for them, and the CPU time that their process took.
 *
 *     node test/benchmarks/evaluation-cost.ts [CHECKPOINT…]
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { readSuite } from "../../worker/local/suite-source.ts";
import { begin, bringIn, finished } from "../system/evaluate.ts";
import { zooMaterial } from "../system/material.ts";
import { cleanUp, startServer, type Server } from "../system/server.ts";
import type { Usage, UsageReport } from "../workerd/metered/usage.ts";
import { costOf, includedIn, type Billed } from "./prices.ts";

const names = process.argv.slice(2);
if (names.length === 0) names.push("adamw-d32-s1-step-9000", "adamw-d64-s1-step-6000");

try {
  const server = await startServer({
    script: fileURLToPath(new URL("serve-metered.ts", import.meta.url)),
  });
  const { text, suite } = await readSuite("pcfg-mini");
  for (const name of names) {
    const material = { ...zooMaterial(name), suite: { id: suite.definition.id, text } };
    await usage(server);
    const checkpoint = await bringIn(server.connection, material);
    tell(`${name}, ${material.model.length} bytes: upload`, await usage(server));
    const before = cpuSeconds(server.group);
    const { id } = await begin(server.connection, checkpoint, material);
    const { shardSeconds, progress } = await finished(server.connection, { id }, 900);
    // Queues take their time to settle.
    await sleep(1000);
    const cpu = cpuSeconds(server.group) - before;
    const used = await usage(server);
    // Looking whether it has ended was ours: 10 times a second.
    const billed = tell(
      `${name}: evaluation, ${progress.shards.total} shards, ${shardSeconds.toFixed(1)} s of shards, ${cpu.toFixed(1)} s of CPU`,
      { ...used, api: { ...used.api, requests: 1, ...ownLooks(used.api) } },
      1000 * cpu,
    );
    const { times, first } = includedIn(billed);
    console.log(
      `  a thousand: $${(1000 * costOf(billed)).toFixed(3)}; included each month: ${Math.floor(times)}, then ${first} cost`,
    );
  }
  // The first time there are tiers to compute.
  tell("what is scheduled, after new rows", await usage(server, "POST"));
  tell("what is scheduled, on a board at rest, once a minute", await usage(server, "POST"));
} finally {
  await cleanUp();
}

/** A look reads one row, and nothing else is asked of the API but the beginning of the evaluation. */
function ownLooks({ requests, rowsRead, statements }: Usage) {
  const looks = Math.max(0, requests - 1);
  return { rowsRead: rowsRead - looks, statements: statements - looks };
}

function tell(what: string, { api, edge }: UsageReport, cpuMilliseconds = 0): Billed {
  const both = (key: keyof Usage) => api[key] + edge[key];
  const billed: Billed = {
    // The compute worker's calls, counted as requests to be on the safe side.
    requests: both("requests") + both("delivered"),
    cpuMilliseconds,
    rowsRead: both("rowsRead"),
    rowsWritten: both("rowsWritten"),
    classA: both("classA"),
    classB: both("classB"),
    queueOperations: 3 * both("messages"),
  };
  console.log(what);
  console.log(`  ${JSON.stringify({ ...billed, cpuMilliseconds: Math.round(cpuMilliseconds) })}`);
  return billed;
}

async function usage({ address }: Server, method = "GET"): Promise<UsageReport> {
  const response = await fetch(`${address}/api/usage`, { method });
  return (await response.json()) as UsageReport;
}

/** Of all processes of the Workers. */
function cpuSeconds(group: number): number {
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return execFileSync("ps", ["-A", "-o", "pid=,pgid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, pgid]) => pgid === group)
    .reduce((sum, [pid]) => sum + ticksOf(pid!) / ticks, 0);
}

function ticksOf(pid: number): number {
  try {
    // After the name, which may hold blanks: fields 14 and 15, user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}
