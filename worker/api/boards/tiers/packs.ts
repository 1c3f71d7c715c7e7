/**
 * Per-example vectors of a board's results, side by side in few objects of R2, so that comparing a thousand checkpoints by
 * one measure reads that measure alone, in some dozens of reads. They are a cache: what is missing is made again from the
 * results. An object holds rows × length float32 a score, little-endian, score after score; NaN where a result has none.
 */
import { z } from "zod";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import type { ExampleDesign } from "../../../../shared/statistics/index.ts";
import { resultKey } from "../../checkpoints/store.ts";
import { randomHex } from "../../random.ts";
import { suiteKey, type StoredSuite } from "../../suites/store.ts";
import { corpusDesign } from "./corpus-design.ts";
import { scoreShapes, scoreVector, type ScoreShape } from "./score-vectors.ts";

const LARGEST_PACK = 8 * 2 ** 20;
const MOST_ROWS = 1024;
/** Each is a call to storage, of which an invocation may make 1,000. */
const MOST_ADDED = 200;

const packSchema = z.object({
  key: z.string(),
  /** Hashes of results. */
  rows: z.array(z.string()),
});

const indexSchema = z.object({
  weights: z.array(z.number()),
  groups: z.array(z.string().nullable()).nullable(),
  packs: z.array(packSchema),
});

type Pack = z.infer<typeof packSchema>;
type Index = z.infer<typeof indexSchema>;

export interface Packs {
  readonly shapes: readonly ScoreShape[];
  /** Of measures; items of tasks count alike, each by itself. */
  readonly design: ExampleDesign;
  readonly packs: readonly Pack[];
  /** Whether all results that were asked for are in them; otherwise ask again. */
  readonly complete: boolean;
}

/** How the examples of the suite's corpus are put together. */
export async function readDesign(bucket: R2Bucket, suite: StoredSuite): Promise<ExampleDesign> {
  return designOf(await readIndex(bucket, suite));
}

/** Brings the packs up to these results, at most `MOST_ADDED` new ones. One at a time for a suite. */
export async function updatePacks(
  bucket: R2Bucket,
  suite: StoredSuite,
  hashes: readonly string[],
): Promise<Packs> {
  const shapes = scoreShapes(suite);
  const index = await readIndex(bucket, suite);
  const needed = new Set(hashes);
  const packed = new Set(index.packs.flatMap(({ rows }) => rows));
  const missing = [...needed].filter((hash) => !packed.has(hash));
  const perPack = rowsOfPack(shapes);
  const living = ({ rows }: Pack) => rows.filter((hash) => needed.has(hash));
  const kept = index.packs.filter((pack) => 2 * living(pack).length > perPack);
  const sparse = index.packs.filter((pack) => !kept.includes(pack));
  let { packs } = index;
  if (missing.length > 0 || sparse.some((pack) => living(pack).length < pack.rows.length)) {
    const writer = new PackWriter(bucket, folder(suite.id), shapes);
    for (const pack of sparse) await copyRows(bucket, pack, needed, shapes, writer);
    for (const hash of missing.slice(0, MOST_ADDED))
      await writer.add(hash, await rowOf(bucket, hash, shapes));
    packs = [...kept, ...(await writer.end())];
    await writeIndex(bucket, suite.id, { ...index, packs });
    if (sparse.length > 0) await bucket.delete(sparse.map(({ key }) => key));
  }
  return { shapes, design: designOf(index), packs, complete: missing.length <= MOST_ADDED };
}

/** Vectors of one score, [length] each, by the hash of the result; results that have none are left out. */
export async function readVectors(
  bucket: R2Bucket,
  { shapes, packs }: Packs,
  score: string,
): Promise<Map<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>();
  const { first, length } = place(shapes, score);
  if (length === 0) return vectors;
  for (const { key, rows } of packs) {
    const range = { offset: 4 * rows.length * first, length: 4 * rows.length * length };
    const object = await bucket.get(key, { range });
    if (!object) continue;
    const values = new Float32Array(await object.arrayBuffer());
    rows.forEach((hash, i) => {
      const vector = values.subarray(i * length, (i + 1) * length);
      if (!Number.isNaN(vector[0])) vectors.set(hash, vector);
    });
  }
  return vectors;
}

function folder(suite: string): string {
  return `tiers/${suite}/`;
}

const indexKey = (suite: string) => `${folder(suite)}index.json`;

async function readIndex(bucket: R2Bucket, suite: StoredSuite): Promise<Index> {
  const there = await bucket.get(indexKey(suite.id));
  if (there) return indexSchema.parse(await there.json());
  const file = await bucket.get(suiteKey(suite.sha256));
  if (!file) throw new Error(`The file of ${suite.id} is not in storage.`);
  const { weights, groups } = corpusDesign(await file.text(), suite.objective);
  return { weights: [...weights], groups: groups?.map((group) => group ?? null) ?? null, packs: [] };
}

function designOf({ weights, groups }: Index): ExampleDesign {
  return { weights, ...(groups && { groups: groups.map((group) => group ?? undefined) }) };
}

async function writeIndex(bucket: R2Bucket, suite: string, index: Index): Promise<void> {
  await bucket.put(indexKey(suite), JSON.stringify(index));
}

/** Floats of a row before the score's, and the score's own. */
function place(shapes: readonly ScoreShape[], score: string): { first: number; length: number } {
  let first = 0;
  for (const shape of shapes) {
    if (shape.score === score) return { first, length: shape.length };
    first += shape.length;
  }
  return { first, length: 0 };
}

const floatsOf = (shapes: readonly ScoreShape[]) => shapes.reduce((sum, { length }) => sum + length, 0);

function rowsOfPack(shapes: readonly ScoreShape[]): number {
  const bytes = Math.max(4, 4 * floatsOf(shapes));
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(LARGEST_PACK / bytes)));
}

/** All vectors of one result, score after score. A file that is gone has none. */
async function rowOf(bucket: R2Bucket, hash: string, shapes: readonly ScoreShape[]): Promise<Float32Array> {
  const row = new Float32Array(floatsOf(shapes)).fill(NaN);
  const file = await bucket.get(resultKey(hash));
  // Written by this board after validation, so read without.
  const result = file && (await file.json<Result>());
  if (!result) return row;
  let first = 0;
  for (const shape of shapes) {
    const vector = scoreVector(result, shape);
    if (vector) row.set(vector, first);
    first += shape.length;
  }
  return row;
}

async function copyRows(
  bucket: R2Bucket,
  { key, rows }: Pack,
  needed: ReadonlySet<string>,
  shapes: readonly ScoreShape[],
  writer: PackWriter,
): Promise<void> {
  const object = await bucket.get(key);
  if (!object) return;
  const values = new Float32Array(await object.arrayBuffer());
  for (const [i, hash] of rows.entries()) {
    if (!needed.has(hash)) continue;
    const row = new Float32Array(floatsOf(shapes));
    let first = 0;
    for (const { length } of shapes) {
      const begin = first * rows.length + i * length;
      row.set(values.subarray(begin, begin + length), first);
      first += length;
    }
    await writer.add(hash, row);
  }
}

/** Collects rows and writes a pack whenever one is full. */
class PackWriter {
  readonly #bucket: R2Bucket;
  readonly #folder: string;
  readonly #shapes: readonly ScoreShape[];
  readonly #packs: Pack[] = [];
  #rows: { readonly hash: string; readonly row: Float32Array }[] = [];

  constructor(bucket: R2Bucket, folder: string, shapes: readonly ScoreShape[]) {
    this.#bucket = bucket;
    this.#folder = folder;
    this.#shapes = shapes;
  }

  async add(hash: string, row: Float32Array): Promise<void> {
    this.#rows.push({ hash, row });
    if (this.#rows.length >= rowsOfPack(this.#shapes)) await this.#flush();
  }

  async end(): Promise<readonly Pack[]> {
    if (this.#rows.length > 0) await this.#flush();
    return this.#packs;
  }

  async #flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    const bytes = new Float32Array(rows.length * floatsOf(this.#shapes));
    let first = 0;
    for (const { length } of this.#shapes) {
      rows.forEach(({ row }, i) => {
        bytes.set(row.subarray(first, first + length), first * rows.length + i * length);
      });
      first += length;
    }
    const key = `${this.#folder}${randomHex(8)}.f32`;
    await this.#bucket.put(key, bytes);
    this.#packs.push({ key, rows: rows.map(({ hash }) => hash) });
  }
}
