/** What a model is measured on, from what the page handed over. */
import type { Corpus } from "../../../shared/corpus/corpus.ts";
import { parseCorpus } from "../../../shared/corpus/parse.ts";
import { PlateauError } from "../../../shared/errors.ts";
import type { FileIdentity } from "../../../shared/evaluate/build-result.ts";
import { selectMeasures } from "../../../shared/measures/index.ts";
import { Sha256 } from "../../../shared/sha256.ts";
import { suiteConditionals } from "../../../shared/suites/conditionals.ts";
import { parseSuite } from "../../../shared/suites/suite-file.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { bytesOf } from "./file-bytes.ts";
import type { Material } from "./messages.ts";

export interface ReadMaterial {
  readonly corpus: Corpus;
  /** Null for a corpus alone. */
  readonly suite: Suite | null;
  readonly identity: FileIdentity;
  readonly measures: readonly string[];
  readonly directions: number;
  readonly seed: number;
}

/** What arrived is not what the board has under this name. */
export class MaterialError extends PlateauError {}

/** @throws MaterialError, SuiteError, CorpusError, LanguageError, FileError. */
export async function readMaterial(material: Material): Promise<ReadMaterial> {
  return material.kind === "suite" ? suiteMaterial(material) : corpusMaterial(material);
}

function suiteMaterial({ id, sha256, text }: Extract<Material, { kind: "suite" }>): ReadMaterial {
  const bytes = new TextEncoder().encode(text);
  const found = digestOf(bytes);
  if (found !== sha256) {
    throw new MaterialError(
      `The file of ${id} arrived with sha256 ${found}, where the board has ${sha256}; load the page again.`,
    );
  }
  const suite = parseSuite(text, id);
  const { measures: wanted, directions, seed } = suite.definition;
  const measures = selectMeasures(wanted);
  const conditionals = measures.some(({ forward }) => forward === "excess") ? suiteConditionals(suite) : null;
  return {
    corpus: { ...suite.corpus, ...(conditionals && { conditionals }) },
    suite,
    identity: { file: id, sha256, bytes: bytes.byteLength },
    measures: measures.map((measure) => measure.id),
    directions,
    seed,
  };
}

async function corpusMaterial(material: Extract<Material, { kind: "corpus" }>): Promise<ReadMaterial> {
  const { file, objective, measures, directions, seed } = material;
  const bytes = await bytesOf(file);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new MaterialError(`${file.name} is not text in UTF-8; a corpus is JSON lines.`);
  }
  return {
    corpus: parseCorpus(text, objective, file.name),
    suite: null,
    identity: { file: file.name, sha256: digestOf(bytes), bytes: bytes.byteLength },
    measures: selectMeasures(measures).map(({ id }) => id),
    directions,
    seed,
  };
}

function digestOf(bytes: Uint8Array): string {
  const hash = new Sha256();
  hash.update(bytes);
  return hash.digest();
}
