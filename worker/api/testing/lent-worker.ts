/** Lent workers as they are: over HTTP, with ONNX Runtime, one shard after another. */
import { expect } from "vitest";
import { withRuntime } from "../../edge/runtime.ts";
import { inMemory } from "../../edge/shards/models.ts";
import {
  claimWork,
  getBlob,
  getSuite,
  openModel,
  putBlob,
  sendResult,
} from "../../../shared/api/client/work.ts";
import type { Scope } from "../../../shared/api/tokens.ts";
import type { Claim, Work } from "../../../shared/api/work.ts";
import { decodeDoubles, encodeDoubles } from "../../../shared/evaluate/float-list.ts";
import { readModel } from "../../../shared/onnx/read.ts";
import { runShard } from "../../../shared/shards/run-shard.ts";
import { parseSuite } from "../../../shared/suites/suite-file.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { VERSION } from "../version.ts";
import { bindings } from "./bindings.ts";
import { deliver } from "./evaluations.ts";
import { connectionOf, tokenFor } from "./request.ts";

const MINE = { device: "cpu", ort: "1.30.0", plateau: VERSION } as const;

/** Models and suites are downloaded once, as real workers do. */
const models = new Map<string, Uint8Array>();
const suites = new Map<string, Suite>();

export interface Tampering {
  readonly payload?: (payload: string, work: Work) => string;
  readonly blob?: (bytes: Uint8Array, key: string) => Uint8Array;
}

export class LentWorker {
  readonly id: string;
  readonly token: string;
  readonly #tampering: Tampering;

  private constructor(token: string, tampering: Tampering, id = token.split("_")[1] ?? "owner") {
    this.token = token;
    this.id = id;
    this.#tampering = tampering;
  }

  static async create(tampering: Tampering = {}, scopes: readonly Scope[] = ["work"]): Promise<LentWorker> {
    // For an hour: machines are slow at times.
    return new LentWorker(await tokenFor(scopes, Date.now() + 3_600_000), tampering);
  }

  /** With a token that there is. @param id whose work it is: the token's, or its account's. */
  static withToken(token: string, id: string): LentWorker {
    return new LentWorker(token, {}, id);
  }

  get connection() {
    return connectionOf(this.token);
  }

  async claim(wish: Partial<Claim> = {}): Promise<Work | null> {
    const { work, secondsToWait } = await claimWork(this.connection, { ...MINE, ...wish });
    expect(work === null ? secondsToWait : 1).toBeGreaterThan(0);
    return work;
  }

  /** What the shard gives; features are left on the way. */
  async run(work: Work): Promise<string> {
    const { lease, shard, options, payloads } = work;
    const { connection } = this;
    const suite = await this.#suiteOf(work);
    const payload = await withRuntime((runtime) =>
      runShard(shard, {
        ...{ suite, options, runtime },
        openModel: async () => readModel(inMemory(await this.#modelOf(work))),
        payloads: new Map(Object.entries(payloads)),
        blobs: {
          get: (key) => getBlob(connection, lease, key),
          put: (key, bytes) =>
            putBlob(connection, lease, key, this.#tampering.blob?.(bytes, key) ?? bytes.slice()),
        },
      }),
    );
    return this.#tampering.payload?.(payload, work) ?? payload;
  }

  async finish(work: Work): Promise<void> {
    await sendResult(this.connection, work.lease, { payload: await this.run(work), seconds: 0 });
  }

  /** Claims and runs a shard. Answers its id; null where there is none. */
  async step(wish?: Partial<Claim>): Promise<string | null> {
    const work = await this.claim(wish);
    if (work) await this.finish(work);
    return work?.shard.id ?? null;
  }

  async #modelOf({ lease, model }: Work): Promise<Uint8Array> {
    const known = models.get(model.sha256);
    if (known) return known;
    const response = await openModel(this.connection, lease);
    const bytes = new Uint8Array(await (response as unknown as Response).arrayBuffer());
    expect(bytes.byteLength).toBe(model.bytes);
    models.set(model.sha256, bytes);
    return bytes;
  }

  async #suiteOf({ lease, suite: { id, sha256 } }: Work): Promise<Suite> {
    const known = suites.get(sha256) ?? parseSuite(await getSuite(this.connection, lease), id);
    suites.set(sha256, known);
    return known;
  }
}

/** Adds so much to a measure that a payload is about. */
export function inflated(measure: string, share: number): Tampering {
  return {
    payload(text, { shard }) {
      if (shard.spec.kind !== "measure") return text;
      const payload = JSON.parse(text) as {
        measures: Record<string, { sum: string; squares: string } | null>;
      };
      const sums = payload.measures[measure];
      if (sums) {
        const scaled = (list: string, by: number) =>
          encodeDoubles(decodeDoubles(list)!.map((value) => value * by));
        sums.sum = scaled(sums.sum, 1 + share);
        sums.squares = scaled(sums.squares, (1 + share) ** 2);
      }
      return JSON.stringify(payload);
    },
  };
}

/** Workers take turns, and the compute worker plans between, until no shard is left. Answers who did what. */
export async function work(
  evaluation: string,
  workers: readonly LentWorker[],
): Promise<Map<string, string[]>> {
  const did = new Map(workers.map(({ id }) => [id, [] as string[]]));
  for (;;) {
    let busy = false;
    await deliver(evaluation, null);
    for (const worker of workers) {
      const shard = await worker.step({ prefer: evaluation });
      if (shard === null) continue;
      did.get(worker.id)!.push(shard);
      busy = true;
    }
    if (!busy) break;
  }
  await deliver(evaluation, null);
  return did;
}

export interface ReplayState {
  readonly id: number;
  readonly shard: string;
  readonly maker: string;
  readonly place: "edge" | "lent";
  readonly state: string;
  readonly counts: number;
  readonly worker: string | null;
  readonly agrees: number | null;
  readonly detail: string | null;
}

export async function replaysOf(evaluation: string): Promise<ReplayState[]> {
  const { results } = await bindings.DB.prepare(
    "SELECT id, shard, maker, place, state, counts, worker, agrees, detail FROM replays WHERE evaluation = ? ORDER BY id",
  )
    .bind(evaluation)
    .all<ReplayState>();
  return results;
}

/** As if the edge could not run them. */
export async function leaveToLentWorkers(evaluation: string): Promise<void> {
  await bindings.DB.prepare("UPDATE replays SET place = 'lent' WHERE evaluation = ?").bind(evaluation).run();
}

/** The edge runs again what it is to, until all agree or something is found to be wrong. */
export async function replayAtEdge(evaluation: string): Promise<void> {
  for (;;) {
    const next = await bindings.DB.prepare(
      "SELECT r.id, r.shard FROM replays r JOIN evaluations e ON e.id = r.evaluation WHERE e.id = ? AND " +
        "e.standing = 'unverified' AND r.state = 'open' AND r.place = 'edge' ORDER BY r.id LIMIT 1",
    )
      .bind(evaluation)
      .first<{ id: number; shard: string }>();
    if (!next) return;
    await deliver(evaluation, next.shard, bindings, next.id);
  }
}
