/**
 * What comes next in an evaluation: shards whose messages were lost, the next wave of shards, or its end. Whoever asks, and
 * how many at once: the same wave is planned, and the same result comes out.
 */
import type { Workers } from "../../../shared/api/evaluations.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { PayloadError } from "../../../shared/shards/payload.ts";
import { nextShards } from "../../../shared/shards/plan.ts";
import { jobOptionsSchema, type JobOptions, type Shard } from "../../../shared/shards/shard.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { settle } from "../trust/settle.ts";
import type { EvaluationBindings } from "./bindings.ts";
import { finishEvaluation } from "./finish.ts";
import { startAfresh } from "./forget.ts";
import { endAsFailed } from "./give-up.ts";
import { sendShards } from "./messages.ts";
import { beginWave } from "./progress.ts";
import { isStale } from "./stale.ts";

export interface ActiveEvaluation {
  readonly id: string;
  readonly checkpoint: string;
  /** Shards of `lent` ones are claimed, and need no messages. */
  readonly device: Workers;
  readonly options: JobOptions;
  readonly suite: { readonly id: string; readonly sha256: string; readonly bytes: number };
}

export interface AdvanceOptions {
  readonly now: number;
  /** Lends the suite's definition, corpus and tasks. */
  readonly withSuite: <T>(
    suite: ActiveEvaluation["suite"],
    work: (suite: Suite) => T | Promise<T>,
  ) => Promise<T>;
  /** Counts so many bytes of memory as taken until they are released. @throws where there are not as many. */
  readonly hold: (bytes: number) => { release(): void };
  /** Version of ONNX Runtime that ran the shards. */
  readonly ort: string;
}

/**
 * Nothing happens where shards are being run. Of an evaluation that has ended, replays of its shards are judged.
 *
 * @throws where storage fails.
 */
export async function advance(
  bindings: EvaluationBindings,
  id: string,
  options: AdvanceOptions,
): Promise<void> {
  const { DB, SHARDS } = bindings;
  const { now } = options;
  const [found, open, busy] = (await DB.batch([
    DB.prepare(
      "SELECT e.id, e.checkpoint, e.device, e.options, u.id AS suite, u.sha256, u.bytes FROM evaluations e " +
        "JOIN suites u ON u.id = e.suite WHERE e.id = ? AND e.state IN ('queued', 'running')",
    ).bind(id),
    DB.prepare(
      "UPDATE shards SET sent_at = ?2, resent = resent + 1 WHERE evaluation = ?1 AND state = 'open' " +
        `AND ${isStale("shards", "?2")} AND (SELECT device FROM evaluations WHERE id = ?1) = 'edge' RETURNING id`,
    ).bind(id, now),
    DB.prepare("SELECT 1 FROM shards WHERE evaluation = ? AND state <> 'done' LIMIT 1").bind(id),
  ])) as [D1Result<ActiveRow>, D1Result<{ id: string }>, D1Result];
  const row = found.results[0];
  if (!row) {
    await settle(bindings, id, options);
    return;
  }
  if (busy.results.length > 0) {
    await sendShards(
      SHARDS,
      id,
      open.results.map((shard) => shard.id),
    );
    return;
  }
  await goOn(bindings, activeOf(row), options);
}

interface ActiveRow {
  readonly id: string;
  readonly checkpoint: string;
  readonly device: Workers;
  readonly options: string;
  readonly suite: string;
  readonly sha256: string;
  readonly bytes: number;
}

function activeOf({ options, suite, sha256, bytes, ...row }: ActiveRow): ActiveEvaluation {
  return {
    ...row,
    options: jobOptionsSchema.parse(JSON.parse(options)),
    suite: { id: suite, sha256, bytes },
  };
}

/** All the shards there are are done. */
async function goOn(
  bindings: EvaluationBindings,
  evaluation: ActiveEvaluation,
  options: AdvanceOptions,
): Promise<void> {
  const { DB, SHARDS } = bindings;
  const { id } = evaluation;
  try {
    await options.withSuite(evaluation.suite, async (suite) => {
      const payloads = await readPayloads(DB, id);
      const next = nextShards(suite, evaluation.options, payloads);
      if (next.length === 0) {
        await finishEvaluation(bindings, { ...options, evaluation, suite, payloads });
        return;
      }
      await addShards(DB, id, next, options.now, payloads.size);
      if (evaluation.device === "lent") return;
      await sendShards(
        SHARDS,
        id,
        next.map((shard) => shard.id),
      );
    });
  } catch (error) {
    if (!(error instanceof PlateauError)) throw error;
    await endAsFailed(DB, id, error.message, options.now);
    // Payloads of another version, perhaps: a retry begins from the beginning.
    if (error instanceof PayloadError) await DB.batch(startAfresh(DB, id));
  }
}

/** Statements take one megabyte at most, and so do rows: lists go in as JSON, payloads come out page by page. */
const PAYLOADS_AT_ONCE = 50;
/** Characters of JSON. */
const LONGEST_LIST = 400_000;

async function readPayloads(database: D1Database, evaluation: string): Promise<Map<string, string>> {
  const payloads = new Map<string, string>();
  let after = "";
  for (;;) {
    const { results } = await database
      .prepare(
        "SELECT id, payload FROM shards WHERE evaluation = ? AND id > ? AND payload IS NOT NULL ORDER BY id LIMIT ?",
      )
      .bind(evaluation, after, PAYLOADS_AT_ONCE)
      .all<{ id: string; payload: string }>();
    for (const { id, payload } of results) payloads.set(id, payload);
    const last = results.at(-1);
    if (!last || results.length < PAYLOADS_AT_ONCE) return payloads;
    after = last.id;
  }
}

/**
 * Those that are there already stay as they are.
 *
 * @param done how many shards the plan rests on: where some were discarded since, none are added.
 */
export async function addShards(
  database: D1Database,
  evaluation: string,
  shards: readonly Shard[],
  now: number,
  done: number | null = null,
): Promise<void> {
  const active =
    "EXISTS (SELECT 1 FROM evaluations WHERE id = ?1 AND state IN ('queued', 'running')) AND " +
    `coalesce((SELECT count(*) FROM shards WHERE evaluation = ?1 AND state = 'done') >= ?4, 1)`;
  await database.batch([
    beginWave(database, evaluation, now),
    ...listsOf(shards).map((list) =>
      database
        .prepare(
          "INSERT OR IGNORE INTO shards (evaluation, id, stage, operations, state, sent_at, shard) " +
            "SELECT ?1, value ->> 'id', value ->> 'stage', value ->> 'operations', 'open', ?3, value " +
            `FROM json_each(?2) WHERE ${active}`,
        )
        .bind(evaluation, list, now, done),
    ),
  ]);
}

/** In JSON, none of them too long for a parameter. */
function listsOf(shards: readonly Shard[]): string[] {
  const lists: string[][] = [];
  let length = Infinity;
  for (const text of shards.map((shard) => JSON.stringify(shard))) {
    length += text.length;
    if (length > LONGEST_LIST) {
      lists.push([]);
      length = text.length;
    }
    lists.at(-1)!.push(text);
  }
  return lists.map((texts) => `[${texts.join(",")}]`);
}
