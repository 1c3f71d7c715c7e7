/** `plateau serve`: a whole board on this machine. */
import { rename, rm } from "node:fs/promises";
import { connect } from "../client/connect.ts";
import { describeFailure, EXIT } from "../failure.ts";
import { say } from "../terminal.ts";
import { announce } from "./announce.ts";
import { configure } from "./configure.ts";
import { openFront, type Front } from "./front.ts";
import { openJournal, type Journal } from "./journal.ts";
import { lockStorage } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { ownerToken, TOKEN_VARIABLE } from "./owner-token.ts";
import { seedSuites } from "./seed/index.ts";
import { boardSettings, type Settings } from "./settings.ts";
import { nextSignal } from "./signals.ts";
import { openStorage, type Storage } from "./storage.ts";
import { supervise } from "./supervisor.ts";
import { watchEvaluations } from "./watch-evaluations.ts";
import { WORKERS, type WorkerSource } from "./workers.ts";

export interface ServeOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly storage: string;
  /** Suites to begin with, and with them their checkpoints of the zoo. */
  readonly seed: readonly string[];
  readonly json?: boolean;
}

/**
 * Runs until a signal ends it. Answers the exit code.
 *
 * @throws UsageError where the port or the storage cannot be had; BuildError, StartError where the Workers are broken.
 */
export async function serve(
  { host, port, storage: path, seed, json = false }: ServeOptions,
  sources: readonly WorkerSource[] = WORKERS,
): Promise<number> {
  const storage = await openStorage(path);
  lockStorage(storage);
  const { token, file: tokenFile } = await ownerToken(storage.tokenFile);
  const front = await openFront(host, port);
  try {
    return await run(front);
  } finally {
    await front.close();
  }

  async function run(front: Front): Promise<number> {
    await tidy(storage);
    const settings = boardSettings();
    const journal = openJournal(storage.log, [token, ...Object.values(settings.secrets)]);
    try {
      return await runWith(front, settings, journal);
    } finally {
      journal.note("stopped");
      await journal.close();
    }
  }

  async function runWith(front: Front, settings: Settings, journal: Journal): Promise<number> {
    const tell = (line: string) => {
      say(`plateau: ${line}`);
      journal.note(line);
    };
    tell("building what has changed");
    const configs = await configure(storage, sources, settings, tell);
    await migrate(storage, configs[0]!);
    tell("starting the Workers");
    const secrets = { [TOKEN_VARIABLE]: token, ...settings.secrets };
    const supervisor = await supervise({ configs, storage, secrets }, front, tell);
    const ended = Promise.race([nextSignal(), supervisor.ended]);
    const connection = connect(front.address, token);
    const evaluations = watchEvaluations(connection, journal.note);
    front.onAnswer = (answered) => {
      journal.answered(answered);
      evaluations.answered(answered);
    };
    journal.note(`running at ${front.address}`);
    try {
      // The board is worth looking at with its first suite; others take longer to make.
      const first = await Promise.race([bringIn(seed.slice(0, 1)), ended]);
      announce({ address: front.address, storage, tokenFile, group: supervisor.group, json });
      void bringIn(seed.slice(1)).then((rest) => {
        if (seed.length > 0 && first && rest) tell(`all suites to begin with are there: ${seed.join(", ")}`);
      });
      await ended;
      return EXIT.ok;
    } finally {
      front.onAnswer = null;
      evaluations.stop();
      await supervisor.stop();
    }

    /** Answers whether they are there. */
    async function bringIn(suites: readonly string[]): Promise<boolean> {
      if (suites.length === 0) return true;
      try {
        await seedSuites(connection, storage.seeded, suites, tell);
        return true;
      } catch (error) {
        tell(`could not bring in ${suites.join(", ")}: ${describeFailure(error)}`);
        return false;
      }
    }
  }
}

/** What earlier runs left: the last log is kept beside the new one. */
async function tidy({ log, wrangler }: Storage): Promise<void> {
  await rename(log, `${log}.1`).catch(() => {});
  await rm(wrangler, { recursive: true, force: true });
}
