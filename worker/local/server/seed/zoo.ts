/** The zoo's checkpoints, with the results that were committed beside them. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { WrittenRecord } from "../../../../shared/api/archive.ts";
import { importRecords } from "../../../../shared/api/client/archive.ts";
import type { Connection } from "../../../../shared/api/client/connection.ts";
import { uploadModel } from "../../../../shared/api/client/upload-model.ts";
import { splitSuiteName } from "../../../../shared/api/names.ts";
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import { resultSchema, type Result } from "../../../../shared/evaluate/result-schema.ts";
import { ROOT } from "../workers.ts";

const ZOO = join(ROOT, "models/zoo");

export interface Zoo {
  /** Where the models lie. */
  readonly folder: string;
  readonly results: readonly Result[];
  /** One name for all of it. */
  readonly stamp: string;
}

/** What was committed for a suite; null where there is nothing. */
export async function readZoo(suite: string): Promise<Zoo | null> {
  const folder = join(ZOO, splitSuiteName(suite).name);
  const files = await readdir(join(folder, "results")).catch(() => []);
  const names = files.filter((name) => name.endsWith(".json")).sort();
  if (names.length === 0) return null;
  const texts = await Promise.all(names.map((name) => readFile(join(folder, "results", name), "utf8")));
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return {
    folder,
    results: texts.map((text) => resultSchema.parse(JSON.parse(text))),
    stamp: hash.digest("hex"),
  };
}

/** Uploads the models, for everybody to download, and brings the results in, in place of those of an earlier version. */
export async function seedZoo(
  connection: Connection,
  suite: PublishedSuite,
  { folder, results }: Zoo,
  tell: (line: string) => void,
): Promise<void> {
  const fitting = results.filter(({ corpus }) => corpus.sha256 === suite.sha256);
  const others = results.length - fitting.length;
  if (others > 0) {
    tell(`${others} results of the zoo are of another ${suite.id} than this board's, and are left out`);
  }
  if (fitting.length === 0) return;
  tell(`bringing in ${fitting.length} checkpoints of the zoo with ${suite.id}`);
  const lines: string[] = [];
  for (const result of fitting) {
    const id = await uploadZooModel(connection, folder, result);
    const record: WrittenRecord = {
      kind: "result",
      origin: "committed",
      checkpoint: { id, owner: "owner", visibility: "public" },
      result,
    };
    lines.push(JSON.stringify(record));
  }
  await importRecords(connection, lines, { replace: true });
}

/** Answers the checkpoint's id, which stays the same where the model was uploaded before. */
async function uploadZooModel(
  connection: Connection,
  folder: string,
  { checkpoint }: Result,
): Promise<string> {
  const { sha256, card } = checkpoint;
  const file = basename(checkpoint.file);
  const bytes = await readFile(join(folder, file));
  const { id } = await uploadModel(
    connection,
    { file, bytes: bytes.length, sha256, visibility: "public", ...(card && { card }) },
    {
      read: (offset, length) => bytes.subarray(offset, offset + length),
      wait: (seconds) => wait(1000 * seconds),
    },
  );
  return id;
}
