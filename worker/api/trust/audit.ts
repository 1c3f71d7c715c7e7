/** Who computed an evaluation, and who checked it: for everyone to read. */
import type { Audit, CutOffWorker, WorkDevice } from "../../../shared/api/work.ts";
import { requireEvaluation } from "../evaluations/store.ts";
import { EDGE } from "./replays.ts";

interface ContributionRow {
  readonly worker: string;
  readonly label: string;
  readonly device: WorkDevice;
  readonly shards: number;
  readonly redone: number;
  readonly milliseconds: number;
  readonly at: number | null;
  readonly reason: string | null;
}

interface ReplayRow {
  readonly shard: string;
  readonly maker: string;
  readonly state: Audit["replays"][number]["state"];
  readonly counts: number;
  readonly worker: string | null;
  readonly label: string | null;
  readonly agrees: number | null;
  readonly detail: string | null;
  readonly ended_at: number | null;
}

/** In SQL. The owner of the board has no token in the database. */
export const labelOf = (worker: string) =>
  `coalesce((SELECT label FROM tokens WHERE id = ${worker}), (SELECT login FROM accounts WHERE id = ${worker}), ${worker})`;

/** @throws ApiError 404 where there is no such evaluation. */
export async function auditOf(database: D1Database, id: string): Promise<Audit> {
  const { device, standing } = await requireEvaluation(database, id);
  const [workers, replays] = (await database.batch([
    database
      .prepare(
        `SELECT c.worker, ${labelOf("c.worker")} AS label, c.device, c.shards, c.redone, c.milliseconds, o.at, o.reason ` +
          "FROM contributions c LEFT JOIN cut_offs o ON o.worker = c.worker WHERE c.evaluation = ? " +
          "ORDER BY c.shards DESC, c.worker, c.device",
      )
      .bind(id),
    database
      .prepare(
        `SELECT r.shard, r.maker, r.state, r.counts, iif(r.state = 'open', NULL, r.worker) AS worker, ` +
          `${labelOf("r.worker")} AS label, r.agrees, r.detail, r.ended_at FROM replays r WHERE r.evaluation = ? ORDER BY r.id`,
      )
      .bind(id),
  ])) as [D1Result<ContributionRow>, D1Result<ReplayRow>];
  return {
    evaluation: id,
    device,
    standing,
    workers: workers.results.map(({ at, reason, milliseconds, ...row }) => ({
      ...row,
      seconds: milliseconds / 1000,
      cutOff: at === null || reason === null ? null : { at: isoDate(at), reason },
    })),
    replays: replays.results.map(({ worker, label, counts, agrees, ended_at: endedAt, ...row }) => ({
      ...row,
      counts: counts === 1,
      by: worker,
      label: worker === null || worker === EDGE ? null : label,
      agrees: agrees === null ? null : agrees === 1,
      endedAt: endedAt === null ? null : isoDate(endedAt),
    })),
  };
}

/** Workers that nothing is taken from, the last one first. */
export async function listCutOffs(database: D1Database): Promise<CutOffWorker[]> {
  const { results } = await database
    .prepare(
      `SELECT o.worker, ${labelOf("o.worker")} AS label, o.at, o.reason, o.shard, e.id AS evaluation FROM cut_offs o ` +
        "LEFT JOIN evaluations e ON e.id = o.evaluation ORDER BY o.at DESC, o.worker",
    )
    .all<Omit<CutOffWorker, "at"> & { readonly at: number }>();
  return results.map((row) => ({ ...row, at: isoDate(row.at) }));
}

/** Whether it was cut off. What it did before stays discarded. */
export async function letWorkAgain(database: D1Database, worker: string): Promise<boolean> {
  const found = await database
    .prepare("DELETE FROM cut_offs WHERE worker = ? RETURNING 1")
    .bind(worker)
    .first();
  return found !== null;
}

const isoDate = (milliseconds: number) => new Date(milliseconds).toISOString();
