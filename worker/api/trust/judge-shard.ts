/** Judges a shard that was run again, by everyone who ran it. */
import type { Agreement } from "../../../shared/shards/compare-payloads.ts";
import { PREPARE } from "../../../shared/shards/prepared.ts";
import { shardSchema } from "../../../shared/shards/shard.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import type { EvaluationBindings } from "../evaluations/bindings.ts";
import { dropBlobs } from "../evaluations/blobs.ts";
import { compareGiven, type CompareContext, type Given } from "./compare.ts";
import { fitsEdge, PLACE } from "./draw-replays.ts";
import { judge, TRUST, type Trust } from "./judge.ts";
import { EDGE } from "./replays.ts";
import type { Unverified } from "./settle.ts";

export interface JudgeInput {
  readonly evaluation: Unverified;
  /** Its id. */
  readonly shard: string;
  readonly suite: Suite;
  readonly hold: CompareContext["hold"];
  readonly now: number;
}

export interface Wrong {
  readonly worker: string;
  readonly reason: string;
}

/** Someone who ran the shard; the first is its maker, who has no replay. */
interface Party extends Given {
  readonly replay: number | null;
  readonly worker: string;
  readonly trust: Trust;
}

/** Who is to be cut off; or whether someone else has to run the shard too. Else it is settled. */
export async function judgeShard(
  { DB, BLOBS }: EvaluationBindings,
  { evaluation, shard: id, suite, hold, now }: JudgeInput,
): Promise<{ readonly wrong: readonly Wrong[]; readonly undecided: boolean }> {
  const found = await findParties(DB, evaluation.id, id);
  if (!found) return { wrong: [], undecided: false };
  const { shard, parties, prepared } = found;
  const { options } = evaluation;
  const context = { bucket: BLOBS, evaluation: evaluation.id, shard, suite, options, prepared, hold };
  const known = new Map<string, Agreement>();
  for (const [b, again] of parties.entries()) {
    for (const [a, made] of parties.entries()) {
      if (a < b) known.set(`${a} ${b}`, await compareGiven(context, made, again));
    }
  }
  const between = (a: number, b: number) => known.get(`${Math.min(a, b)} ${Math.max(a, b)}`)!;
  const noted = parties.flatMap(({ replay }, i) => {
    if (replay === null) return [];
    const { agrees, detail } = between(0, i);
    return DB.prepare("UPDATE replays SET agrees = ?, detail = ? WHERE id = ? AND state = 'returned'").bind(
      ...[agrees ? 1 : 0, detail.slice(0, LONGEST_DETAIL) || "the same", replay],
    );
  });
  const trust = parties.map((party) => party.trust);
  const verdict = judge(trust, (a, b) => between(a, b).agrees);
  if (verdict.kind === "undecided") {
    await DB.batch([...noted, replayAgain(DB, evaluation, { shard: id, runs: parties.length - 1 }, now)]);
    return { wrong: [], undecided: true };
  }
  if (verdict.wrong.length > 0) {
    await DB.batch(noted);
    const wrong = verdict.wrong.map((i) => ({
      worker: parties[i]!.worker,
      reason: reasonOf(id, i, between),
    }));
    return { wrong, undecided: false };
  }
  await DB.batch([
    ...noted,
    DB.prepare(
      "UPDATE replays SET state = 'done', payload = NULL WHERE evaluation = ? AND shard = ? AND state = 'returned'",
    ).bind(evaluation.id, id),
  ]);
  for (const { replay, blobs } of parties) if (replay !== null) await dropBlobs(BLOBS, evaluation.id, blobs);
  return { wrong: [], undecided: false };
}

/** Characters. */
const LONGEST_DETAIL = 2000;

function reasonOf(shard: string, wrong: number, between: (a: number, b: number) => Agreement): string {
  const other = wrong === 0 ? 1 : 0;
  const { detail } = between(wrong, other);
  return `What it gave for the shard ${shard} is not what others gave: ${detail.slice(0, LONGEST_DETAIL)}.`;
}

/** Null where the shard was discarded meanwhile. */
async function findParties(database: D1Database, evaluation: string, shard: string) {
  const [maker, replays, admins, preparing] = (await database.batch([
    database
      .prepare(
        "SELECT shard, worker, payload, blobs FROM shards WHERE evaluation = ? AND id = ? AND state = 'done'",
      )
      .bind(evaluation, shard),
    database
      .prepare(
        "SELECT id AS replay, worker, payload, blobs FROM replays WHERE evaluation = ? AND shard = ? AND counts = 1 AND " +
          "state = 'returned' AND payload IS NOT NULL ORDER BY id",
      )
      .bind(evaluation, shard),
    database
      .prepare(
        "SELECT t.id FROM tokens t WHERE t.revoked_at IS NULL AND t.id IN " +
          "(SELECT worker FROM shards WHERE evaluation = ?1 AND id = ?2 UNION SELECT worker FROM replays " +
          "WHERE evaluation = ?1 AND shard = ?2) AND EXISTS (SELECT 1 FROM json_each(t.scopes) WHERE value = 'admin')",
      )
      .bind(evaluation, shard),
    database
      .prepare("SELECT payload FROM shards WHERE evaluation = ? AND id = ? AND state = 'done'")
      .bind(evaluation, PREPARE),
  ])) as [
    ...[D1Result<StoredParty & { shard: string }>, D1Result<StoredParty>],
    ...[D1Result<{ id: string }>, D1Result<{ payload: string }>],
  ];
  const made = maker.results[0];
  if (!made || replays.results.length === 0) return null;
  const known = new Set(["owner", ...admins.results.map(({ id }) => id)]);
  const trustOf = (worker: string) =>
    worker === EDGE ? TRUST.edge : known.has(worker) ? TRUST.admin : TRUST.stranger;
  const { shard: text, ...first } = made;
  const parties = [{ ...first, replay: null }, ...replays.results].map((party): Party => ({
    ...party,
    trust: trustOf(party.worker),
  }));
  return { shard: shardSchema.parse(JSON.parse(text)), parties, prepared: preparing.results[0]?.payload };
}

type StoredParty = Omit<Party, "trust">;

/** Nothing happens where others have run it meanwhile, or are to. @param runs how often it was run again. */
function replayAgain(
  database: D1Database,
  { id, bytes }: Unverified,
  { shard, runs }: { readonly shard: string; readonly runs: number },
  now: number,
): D1PreparedStatement {
  return database
    .prepare(
      "INSERT INTO replays (evaluation, shard, maker, place, state, sent_at) " +
        `SELECT s.evaluation, s.id, s.worker, ${PLACE("s", "?3")}, 'open', ?4 FROM shards s ` +
        "WHERE s.evaluation = ?1 AND s.id = ?2 AND " +
        "(SELECT count(*) FROM replays WHERE evaluation = ?1 AND shard = ?2 AND counts = 1) = ?5",
    )
    .bind(id, shard, fitsEdge(bytes), now, runs);
}
