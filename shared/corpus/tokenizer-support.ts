/** Which parts a `tokenizer.json` may have: those that give the same ids here as in Hugging Face's own library. */

type Json = Readonly<Record<string, unknown>>;

const SUPPORTED: Readonly<Record<string, readonly string[]>> = {
  model: ["BPE", "WordPiece", "WordLevel", "Unigram"],
  normalizer: [
    "BertNormalizer",
    "Lowercase",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Precompiled",
    "Prepend",
    "Replace",
    "Sequence",
    "Strip",
    "StripAccents",
  ],
  pre_tokenizer: [
    "BertPreTokenizer",
    "ByteLevel",
    "Digits",
    "FixedLength",
    "Metaspace",
    "Punctuation",
    "Replace",
    "Sequence",
    "Split",
    "Whitespace",
    "WhitespaceSplit",
  ],
  post_processor: ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"],
};

/** Where a Sequence keeps its parts. */
const PARTS = ["normalizers", "pretokenizers", "processors"];

/**
 * The first part of a tokenizer that cannot be used, as the rest of a sentence that begins with the file's name; null
 * where all can.
 */
export function firstUnsupported(json: Json): string | null {
  for (const [section, kinds] of Object.entries(SUPPORTED)) {
    const kind = unsupportedKind(json[section], kinds);
    if (kind !== null) {
      return `has a ${section.replace("_", "-")} of the kind ${kind}, which is not supported. Supported: ${kinds.join(", ")}.`;
    }
  }
  const model = json["model"];
  if (!isObject(model)) return "has no model; give a tokenizer.json as Hugging Face's tokenizers write it.";
  const setting = unsupportedSetting(model);
  if (setting !== null) return `has a ${kindOf(model)} model with ${setting}, which is not supported.`;
  const added: unknown = json["added_tokens"] ?? [];
  if (!Array.isArray(added) || !added.every(isObject)) return "has added_tokens that are no list of tokens.";
  const single = (added as Json[]).find((token) => token["single_word"] === true);
  if (single) {
    return `has an added token ${JSON.stringify(single["content"])} with single_word, which is not supported.`;
  }
  return null;
}

function unsupportedKind(part: unknown, kinds: readonly string[]): string | null {
  if (part === null || part === undefined) return null;
  if (!isObject(part)) return JSON.stringify(part);
  const kind = kindOf(part);
  if (kind === null || !kinds.includes(kind)) return JSON.stringify(kind ?? "(none)");
  for (const field of PARTS) {
    const inner = part[field];
    if (inner === undefined || kind !== "Sequence") continue;
    if (!Array.isArray(inner)) return JSON.stringify(inner);
    for (const each of inner) {
      const found = unsupportedKind(each, kinds);
      if (found !== null) return found;
    }
  }
  return null;
}

/** What the library reads over, and would cut text otherwise for. */
function unsupportedSetting(model: Json): string | null {
  const kind = kindOf(model);
  if (kind === "BPE" && Number(model["dropout"] ?? 0) !== 0) return "dropout";
  if (kind === "BPE" && model["continuing_subword_prefix"]) return "continuing_subword_prefix";
  if (kind === "Unigram" && model["byte_fallback"] === true) return "byte_fallback";
  if (kind === "Unigram" && !Number.isInteger(model["unk_id"])) return "no unk_id";
  return null;
}

/** Files of older versions do not name the kind of their model. */
function kindOf(part: Json): string | null {
  if (typeof part["type"] === "string") return part["type"];
  if (Array.isArray(part["merges"])) return "BPE";
  if (Array.isArray(part["vocab"])) return "Unigram";
  return "continuing_subword_prefix" in part ? "WordPiece" : null;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
