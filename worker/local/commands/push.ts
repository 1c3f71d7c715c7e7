/** `plateau push`: models from here to a board, and what comes out there. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Checkpoint } from "../../../shared/api/checkpoints.ts";
import { getCheckpoint } from "../../../shared/api/client/checkpoints.ts";
import { askForEvaluation } from "../../../shared/api/client/evaluations.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import type { Patience } from "../../../shared/api/client/patience.ts";
import { getSuite, listSuites } from "../../../shared/api/client/suites.ts";
import type { Evaluation } from "../../../shared/api/evaluations.ts";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import { boardLines, type ShownRow } from "../board-table.ts";
import { checkModel } from "../client/check-model.ts";
import { followToEnd } from "../client/follow.ts";
import { sendModel } from "../client/send-model.ts";
import { writing, type ServerOptions, type TokenOptions } from "../client/server-options.ts";
import { describeFailure, EXIT, reportFailure } from "../failure.ts";
import { labels } from "../labels.ts";
import { modelPaths } from "../model-paths.ts";
import { byteText } from "../numbers.ts";
import { createProgress, type Progress } from "../progress.ts";
import { columns, print, say } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

export interface PushCommandOptions extends ServerOptions, TokenOptions {
  readonly suite?: string;
  readonly public?: boolean;
  /** False for an upload alone. */
  readonly evaluate: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What became of a model. */
interface Pushed {
  readonly path: string;
  readonly prefix: string;
  readonly checkpoint: Checkpoint;
  /** Null where none was asked for, or none is needed. */
  readonly evaluation: Evaluation | null;
}

/** Runs the command. Answers the exit code: failed where some model failed. */
export async function pushCommand(models: readonly string[], options: PushCommandOptions): Promise<number> {
  const paths = await modelPaths(models);
  const connection = await writing(options);
  const suite = await chosenSuite(connection, options);
  const progress = createProgress(process.stderr, options.quiet ?? false);
  sayWhenInterrupted(progress);
  const push = {
    connection,
    suite,
    visibility: options.public ? "public" : "private",
    progress,
  } as const;
  const names = labels(paths);
  const pushed: Pushed[] = [];
  let failed = 0;
  const attempt = async (path: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failed++;
      progress.clear();
      reportFailure(error, path);
    }
  };
  for (const [i, path] of paths.entries()) {
    const prefix = paths.length > 1 ? `[${i + 1}/${paths.length}] ${names[i]!}` : names[i]!;
    await attempt(path, async () => void pushed.push(await upload(push, path, prefix)));
  }
  const finished: Pushed[] = [];
  for (const each of pushed) {
    await attempt(each.path, async () => void finished.push(await evaluated(push, each)));
  }
  progress.clear();
  show(finished, suite, options);
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

interface Push {
  readonly connection: Connection;
  readonly suite: PublishedSuite | null;
  readonly visibility: "private" | "public";
  readonly progress: Progress;
}

/** @throws UsageError where it cannot be told. */
async function chosenSuite(
  connection: Connection,
  { suite, evaluate }: PushCommandOptions,
): Promise<PublishedSuite | null> {
  if (!evaluate) {
    if (suite !== undefined) throw new UsageError("Choose between --suite and --no-evaluate.");
    return null;
  }
  if (suite !== undefined) return getSuite(connection, suite);
  const [only, ...others] = await listSuites(connection);
  if (only && others.length === 0) return only;
  const known = only ? [only, ...others].map(({ id }) => id).join(", ") : "none";
  throw new UsageError(
    `Name the suite to evaluate with (--suite; this board has ${known}), or upload alone with --no-evaluate.`,
  );
}

/** From the file to a checkpoint, and to an evaluation that is under way. */
async function upload(
  { connection, suite, visibility, progress }: Push,
  path: string,
  prefix: string,
): Promise<Pushed> {
  const model = await checkModel(path, suite);
  progress.note(`${prefix}: ${model.summary}`);
  if (model.problem !== null)
    progress.note(`${prefix}: did not run here on made-up tokens: ${model.problem}`);
  let begun: { readonly time: number; readonly sent: number } | undefined;
  const checkpoint = await sendModel(connection, model, visibility, {
    ...patience(progress, prefix),
    onProgress(sent, resumed) {
      const now = performance.now() / 1000;
      if (!begun) {
        begun = { time: now, sent };
        if (resumed > 0) progress.note(`${prefix}: ${byteText(resumed)} are there from before`);
      }
      const gained = sent - begun.sent;
      progress.update(
        prefix,
        {
          stage: "uploading",
          fraction: sent / model.sent.bytes,
          rate: null,
          secondsLeft: gained > 0 ? ((now - begun.time) * (model.sent.bytes - sent)) / gained : null,
        },
        null,
      );
    },
  });
  progress.clear();
  progress.note(`${prefix}: checkpoint ${checkpoint.id}, ${checkpoint.visibility}`);
  const evaluation = suite && (await askForEvaluation(connection, checkpoint, suite.id));
  if (evaluation?.device === "lent") {
    progress.note(`${prefix}: too big for the board itself; machines that run 'plateau worker' evaluate it`);
  }
  if (suite && !evaluation) progress.note(`${prefix}: this board has evaluated it with ${suite.id} before`);
  return { path, prefix, checkpoint, evaluation };
}

/** With the row, once it is there. */
async function evaluated({ connection, progress }: Push, pushed: Pushed): Promise<Pushed> {
  const { prefix, checkpoint, evaluation } = pushed;
  if (!evaluation) return pushed;
  const options = patience(progress, prefix);
  await followToEnd(connection, evaluation, (state) => progress.update(prefix, state, null), options);
  const now = await getCheckpoint(connection, checkpoint.id);
  return now.state === "complete" ? { ...pushed, checkpoint: now } : pushed;
}

function patience(progress: Progress, prefix: string): Patience {
  return {
    wait: (seconds) => sleep(1000 * seconds),
    onPause(error, seconds) {
      progress.clear();
      progress.note(`${prefix}: ${describeFailure(error)} Trying again in ${seconds} s.`);
    },
  };
}

function sayWhenInterrupted(progress: Progress): void {
  process.once("SIGINT", () => {
    progress.clear();
    say(
      "interrupted: what was sent stays on the board for a day, and evaluations go on; run the same command again",
    );
    // Whoever started this must see what ended it.
    process.kill(process.pid, "SIGINT");
  });
}

function show(
  pushed: readonly Pushed[],
  suite: PublishedSuite | null,
  { json, server }: PushCommandOptions,
): void {
  const rows = pushed.map(({ path, checkpoint, evaluation }) => {
    const { id, name, sha256, visibility, parameters, results } = checkpoint;
    const result = results.find((each) => each.suite === suite?.id) ?? null;
    return {
      file: path,
      checkpoint: id,
      name,
      sha256,
      visibility,
      parameters,
      evaluation: evaluation?.id ?? null,
      result,
    };
  });
  if (json) return print(JSON.stringify(rows, null, 2));
  const found = rows.flatMap(({ name, parameters, result }): ShownRow[] =>
    result ? [{ name, parameters, measures: result.measures, tasks: result.tasks, tiers: {} }] : [],
  );
  if (suite && found.length > 0) print(boardLines(found, suite, "", columns()).join("\n"));
  for (const { checkpoint, name } of rows) print(`${name}: ${server}/api/v1/checkpoints/${checkpoint}`);
}
