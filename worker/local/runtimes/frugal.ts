/**
 * A runtime that holds the weights of a large model once. An evaluation has several sessions of one model, for the loss,
 * for directions, for features, and each of them brings the weights into memory; used one after another, they need not
 * all be there at once. Those not used for longest give way, and are made again when they are wanted.
 */
import { Queue } from "../../../shared/queue.ts";
import type { Runtime, Session } from "../../../shared/runtime.ts";
import { weightBytes } from "./weight-bytes.ts";

/** Bytes of weights that sessions may hold together: making those of small models again would cost more than it saves. */
const MOST_BYTES = 128 * 2 ** 20;

/** Sessions take turns, so that none gives way while it runs. */
export function frugalRuntime(runtime: Runtime, most = MOST_BYTES): Runtime {
  const turns = new Queue();
  /** Sessions that are there, the least recently used first. */
  const live = new Set<FrugalSession>();
  const makeRoom = async (bytes: number) => {
    let held = bytes;
    for (const session of live) held += session.bytes;
    for (const session of live) {
      if (held <= most) return;
      held -= session.bytes;
      await session.giveWay();
      live.delete(session);
    }
  };
  return {
    device: runtime.device,
    version: runtime.version,
    ...(runtime.pause && { pause: () => runtime.pause!() }),
    createSession: (model, options) =>
      turns.run(async () => {
        const bytes = await weightBytes(model);
        const create = () => runtime.createSession(model, options);
        const session = new FrugalSession(bytes, create);
        await makeRoom(bytes);
        // What is wrong with the model shows now, not at its first run.
        await session.come();
        live.add(session);
        return {
          run: (feeds) =>
            turns.run(async () => {
              if (!live.delete(session)) await makeRoom(bytes);
              const there = await session.come();
              live.add(session);
              return there.run(feeds);
            }),
          dispose: () =>
            turns.run(async () => {
              live.delete(session);
              await session.end();
            }),
        } satisfies Session;
      }),
  };
}

class FrugalSession {
  readonly bytes: number;
  readonly #create: () => Promise<Session>;
  #session: Session | null = null;
  #ended = false;

  constructor(bytes: number, create: () => Promise<Session>) {
    this.bytes = bytes;
    this.#create = create;
  }

  async come(): Promise<Session> {
    if (this.#ended) throw new Error("the session was disposed of");
    return (this.#session ??= await this.#create());
  }

  async giveWay(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.dispose();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.giveWay();
  }
}
