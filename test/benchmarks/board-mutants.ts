/**
 * Damaged models, uploaded to the real local server and evaluated there: each is refused with a reason or evaluated, the
 * server lives on, and its memory does not grow with their number.
 *
 *     node test/benchmarks/board-mutants.ts [COUNT]
 */
import { listEvaluations } from "../../shared/api/client/evaluations.ts";
import { sendMutants } from "../system/mutants.ts";
import { cleanUp, startServer } from "../system/server.ts";
import { residentMiB } from "./resident.ts";

const COUNT = Number(process.argv[2] ?? 1000);

try {
  const server = await startServer();
  console.log(`memory before: ${residentMiB(server)} MiB`);
  const begun = performance.now();
  let done = 0;
  const outcomes = await sendMutants(server.connection, COUNT, () => {
    if (++done % 100 === 0) {
      const seconds = (performance.now() - begun) / 1000;
      console.log(`${done} after ${seconds.toFixed(0)} s, memory ${residentMiB(server)} MiB`);
    }
  });
  for (const [end, group] of Map.groupBy(outcomes, ({ end }) => end)) {
    const slowest = Math.max(...group.map(({ seconds }) => seconds));
    console.log(`${group.length} ${end}, ${slowest.toFixed(1)} s at most`);
  }
  const reasons = Map.groupBy(
    outcomes.flatMap(({ reason }) =>
      reason === null ? [] : [reason.replaceAll(/[\d'"`].*$/gs, "…").slice(0, 90)],
    ),
    (reason) => reason,
  );
  for (const [reason, { length }] of [...reasons].sort((a, b) => b[1].length - a[1].length).slice(0, 25)) {
    console.log(`${String(length).padStart(5)}  ${reason}`);
  }
  for (const state of ["queued", "running"] as const) {
    const { evaluations } = await listEvaluations(server.connection, { state });
    console.log(`${evaluations.length} ${state}`);
  }
  if (server.said().includes("starting them again")) throw new Error("the Workers had to be started again");
} finally {
  await cleanUp();
}
