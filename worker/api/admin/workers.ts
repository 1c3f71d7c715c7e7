/** Lent machines, those that were cut off among them. */
import { MOST_LISTED, type ListedWorker } from "../../../shared/api/admin.ts";
import type { WorkDevice } from "../../../shared/api/work.ts";
import { labelOf } from "../trust/audit.ts";

interface WorkerRow {
  readonly worker: string;
  readonly label: string;
  readonly devices: string;
  readonly evaluations: number;
  readonly shards: number;
  readonly redone: number;
  readonly milliseconds: number;
  readonly holding: number;
  readonly agreed: number;
  readonly disagreed: number;
  readonly at: number | null;
  readonly reason: string | null;
  readonly evaluation: string | null;
  readonly shard: string | null;
}

const EDGE = "'edge'";

/** Those that were cut off come first, the last one before others; then those that did most. */
export async function listWorkers(database: D1Database): Promise<ListedWorker[]> {
  const { results } = await database
    .prepare(
      "WITH known AS (SELECT worker FROM contributions UNION SELECT worker FROM cut_offs UNION " +
        "SELECT worker FROM shards WHERE worker IS NOT NULL AND state = 'leased' UNION " +
        `SELECT worker FROM replays WHERE worker IS NOT NULL AND worker <> ${EDGE}), ` +
        "done AS (SELECT worker, json_group_array(DISTINCT device) AS devices, count(DISTINCT evaluation) AS evaluations, " +
        "sum(shards) AS shards, sum(redone) AS redone, sum(milliseconds) AS milliseconds FROM contributions GROUP BY worker), " +
        "checked AS (SELECT maker, sum(agrees = 1) AS agreed, sum(agrees = 0) AS disagreed FROM replays " +
        "WHERE counts = 1 AND agrees IS NOT NULL GROUP BY maker) " +
        `SELECT k.worker, ${labelOf("k.worker")} AS label, coalesce(d.devices, '[]') AS devices, ` +
        "coalesce(d.evaluations, 0) AS evaluations, coalesce(d.shards, 0) AS shards, coalesce(d.redone, 0) AS redone, " +
        "coalesce(d.milliseconds, 0) AS milliseconds, " +
        "(SELECT count(*) FROM shards s WHERE s.worker = k.worker AND s.state = 'leased') + " +
        "(SELECT count(*) FROM replays r WHERE r.worker = k.worker AND r.state = 'leased') AS holding, " +
        "coalesce(c.agreed, 0) AS agreed, coalesce(c.disagreed, 0) AS disagreed, o.at, o.reason, o.shard, " +
        "e.id AS evaluation FROM known k LEFT JOIN done d ON d.worker = k.worker LEFT JOIN checked c ON c.maker = k.worker " +
        "LEFT JOIN cut_offs o ON o.worker = k.worker LEFT JOIN evaluations e ON e.id = o.evaluation " +
        "ORDER BY o.at IS NULL, o.at DESC, shards DESC, k.worker LIMIT ?",
    )
    .bind(MOST_LISTED)
    .all<WorkerRow>();
  return results.map(({ devices, milliseconds, at, reason, evaluation, shard, ...row }) => ({
    ...row,
    devices: JSON.parse(devices) as WorkDevice[],
    seconds: milliseconds / 1000,
    cutOff:
      at === null ? null : { at: new Date(at).toISOString(), reason: reason!, evaluation, shard: shard! },
  }));
}
