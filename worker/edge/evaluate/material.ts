/** What a request brings to be evaluated, and what on. */
import { z } from "zod";
import { evaluateFieldsSchema, LARGEST_CORPUS, type EvaluateFields } from "../../../shared/api/evaluate.ts";
import { suiteIdSchema, sha256Schema } from "../../../shared/api/names.ts";
import { parseCorpus } from "../../../shared/corpus/parse.ts";
import { DEFAULT_MEASURES, selectMeasures } from "../../../shared/measures/index.ts";
import type { FileIdentity } from "../../../shared/evaluate/build-result.ts";
import type { JobOptions } from "../../../shared/shards/shard.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { edgeBatch } from "../../../shared/api/edge-limits.ts";
import { ApiError } from "../../api/problems/api-error.ts";
import { invalidRequest } from "../../api/problems/invalid-request.ts";
import { hex } from "../../api/random.ts";
import { memory } from "../runtime.ts";
import { useSuite } from "../shards/suites.ts";
import { boundaryOf, parseForm } from "./form.ts";

export interface Material {
  readonly model: Uint8Array;
  readonly modelIdentity: FileIdentity;
  readonly suite: Suite;
  /** Whether `suite` is only a corpus, and its id no name. */
  readonly bare: boolean;
  /** Of the suite or the corpus as text. */
  readonly corpusIdentity: FileIdentity;
  readonly options: JobOptions;
  /** Lets go of what it holds. */
  readonly release: () => void;
}

/** Bytes of memory that a byte of a corpus takes, once and while it is parsed. */
const PARSED = 10;
const SEED = 1;
/** Pairs of example and direction: even of the smallest model some ten thousand a second at best. */
const MOST_PAIRS = 1_000_000;

/** What the API adds for the suite that was asked for. */
const querySchema = z.union([
  z.strictObject({ suite: suiteIdSchema, sha256: sha256Schema, bytes: z.coerce.number().int().positive() }),
  z.strictObject({}),
]);

/** @throws ApiError 400, 413, 422; CorpusError; OverBudgetError; PlateauError where the suite is not there. */
export async function readMaterial(request: Request, body: Uint8Array, bucket: R2Bucket): Promise<Material> {
  const wanted = querySchema.parse(Object.fromEntries(new URL(request.url).searchParams));
  const { model, name, corpus, fields } = readParts(request.headers.get("Content-Type"), body);
  if (model.byteLength === 0) {
    throw new ApiError(
      400,
      "no-model",
      "The model is empty; send an ONNX file as the body, or as the form's `model`.",
    );
  }
  const modelIdentity = await identify(name, model);
  const common = { model, modelIdentity };
  const batch = edgeBatch(model.byteLength);
  if ("suite" in wanted) {
    if (corpus !== null || Object.keys(fields).length > 0) {
      throw new ApiError(
        400,
        "suite-and-corpus",
        `A suite fixes its corpus and all else, so that results are comparable; leave out ` +
          `${[...(corpus ? ["corpus"] : []), ...Object.keys(fields)].join(", ")}, or the suite.`,
      );
    }
    const { suite: id, sha256, bytes } = wanted;
    const { value, done } = await useSuite(bucket, { id, sha256, bytes });
    return {
      ...common,
      suite: value,
      bare: false,
      corpusIdentity: { file: id, sha256, bytes },
      options: { seed: value.definition.seed, batch },
      release: done,
    };
  }
  if (corpus === null) {
    throw new ApiError(
      400,
      "no-corpus",
      "There is nothing to evaluate on: name a suite with ?suite=, or send a form with `model`, `corpus` and `objective`.",
    );
  }
  return { ...common, ...(await corpusMaterial(corpus, readFields(fields), batch)) };
}

interface Parts {
  readonly model: Uint8Array;
  /** As whoever sent it calls it. */
  readonly name: string;
  readonly corpus: Uint8Array | null;
  readonly fields: Readonly<Record<string, string>>;
}

/** Anything but a form is the model itself: curl calls what it sends a form of another kind. */
function readParts(contentType: string | null, body: Uint8Array): Parts {
  const boundary = boundaryOf(contentType);
  if (boundary === null) return { model: body, name: "model.onnx", corpus: null, fields: {} };
  const parts = parseForm(body, boundary);
  const model = parts.get("model");
  if (!model)
    throw new ApiError(400, "no-model", "The form has no `model`; send the ONNX file under that name.");
  const others = [...parts].filter(([name]) => name !== "model" && name !== "corpus");
  return {
    model: model.content,
    name: fileName(model.file),
    corpus: parts.get("corpus")?.content ?? null,
    fields: Object.fromEntries(
      others.map(([name, { content }]) => [name, new TextDecoder().decode(content)]),
    ),
  };
}

/** Without folders, and without what could disturb a line of text. */
function fileName(name: string | null): string {
  const bare = (name ?? "").replace(/^.*[/\\]/, "").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
  return bare.slice(0, 200) || "model.onnx";
}

function readFields(fields: Readonly<Record<string, string>>): EvaluateFields {
  const parsed = evaluateFieldsSchema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw invalidRequest("form", parsed.error);
}

async function corpusMaterial(corpus: Uint8Array, fields: EvaluateFields, batch: number) {
  if (corpus.byteLength > LARGEST_CORPUS) {
    throw new ApiError(
      413,
      "too-large",
      `The corpus has ${corpus.byteLength} bytes, and ${LARGEST_CORPUS} are the most that is taken here; send fewer examples.`,
    );
  }
  const held = memory.hold("the corpus", PARSED * corpus.byteLength);
  try {
    const { objective, directions, measures = DEFAULT_MEASURES } = fields;
    const parsed = parseCorpus(textOf(corpus), objective, "The corpus");
    const pairs = parsed.examples.length * directions;
    if (pairs > MOST_PAIRS) {
      throw new ApiError(
        422,
        "too-long",
        `${parsed.examples.length} examples with ${directions} directions each are ${pairs} pairs, and ${MOST_PAIRS} are ` +
          "the most that are computed while someone waits; take fewer of either, or evaluate on a machine of your own.",
      );
    }
    const suite: Suite = {
      definition: {
        ...{ id: "corpus@1", title: "A corpus", description: "", objective, language: null },
        // Ids are checked against the corpus itself; padding and mask are of tasks, of which there are none.
        vocabulary: { size: parsed.largestId + 1, pad: 0, mask: null },
        measures: selectMeasures(measures).map(({ id }) => id),
        ...{ directions, seed: SEED, probeDimensions: 1 },
      },
      corpus: parsed,
      tasks: [],
    };
    return {
      suite,
      bare: true,
      corpusIdentity: await identify("corpus", corpus),
      options: { seed: SEED, batch },
      release: held.release,
    };
  } catch (error) {
    held.release();
    throw error;
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ApiError(400, "not-text", "The corpus is not text in UTF-8; send JSON lines.");
  }
}

async function identify(file: string, bytes: Uint8Array): Promise<FileIdentity> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return { file, sha256: hex(new Uint8Array(digest)), bytes: bytes.byteLength };
}
