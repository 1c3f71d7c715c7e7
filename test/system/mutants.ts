/** Damaged models, sent to a board and evaluated there. */
import { setTimeout as sleep } from "node:timers/promises";
import { ProblemError } from "../../shared/api/client/errors.ts";
import type { Connection } from "../../shared/api/client/connection.ts";
import { damaged } from "../support/damaged.ts";
import { begin, bringIn, hasEnded, until } from "./evaluate.ts";
import { toyMaterial, tinySuite } from "./material.ts";

/** What became of one: a reason in words where there is no result. */
export interface MutantOutcome {
  readonly seed: number;
  readonly end: "refused" | "failed" | "finished";
  readonly reason: string | null;
  readonly seconds: number;
}

/** So many are under way at the same time. */
const AT_ONCE = 4;

/** @throws where one gets stuck, or the board answers with anything but a result or a reason. */
export async function sendMutants(
  connection: Connection,
  count: number,
  onOutcome: (outcome: MutantOutcome) => void = () => {},
): Promise<MutantOutcome[]> {
  const suite = tinySuite();
  const sound = toyMaterial().model;
  const outcomes: MutantOutcome[] = [];
  const seeds = Array.from({ length: count }, (_, seed) => seed).values();
  const sender = async () => {
    for (const seed of seeds) {
      const begun = performance.now();
      const end = await fateOf(connection, {
        suite,
        file: `mutant-${seed}.onnx`,
        model: damaged(sound, seed),
      });
      const outcome = { seed, ...end, seconds: (performance.now() - begun) / 1000 };
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return outcomes;
}

async function fateOf(
  connection: Connection,
  material: Parameters<typeof bringIn>[1],
): Promise<Pick<MutantOutcome, "end" | "reason">> {
  // No file at all cannot even be declared.
  if (material.model.length === 0) return { end: "refused", reason: "the file is empty" };
  try {
    const checkpoint = await bringIn(connection, material, (seconds) => sleep(1000 * seconds));
    const { id } = await begin(connection, checkpoint, material);
    const { state, reason } = await until(connection, id, hasEnded, 120);
    return { end: state === "failed" ? "failed" : "finished", reason };
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 422)
      return { end: "refused", reason: error.message };
    throw error;
  }
}
