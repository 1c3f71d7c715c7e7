/** Reads a Hugging Face `tokenizer.json`, and cuts text into token ids with it. */
import { Tokenizer } from "@huggingface/tokenizers";
import { PlateauError } from "../errors.ts";
import { firstUnsupported } from "./tokenizer-support.ts";

/** The tokenizer cannot be used, or does not know what a text holds. The message names the part or the word. */
export class TokenizerError extends PlateauError {}

export interface TextTokenizer {
  /** Token ids of a text, special tokens not added. Throws TokenizerError where a word has no id. */
  encode(text: string): number[];
  /** The special tokens that the tokenizer's template puts before and after a text. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** The token that stands for a hidden one; null where the tokenizer has none, or several that could be it. */
  readonly maskId: number | null;
  /** One more than the largest id. */
  readonly vocabulary: number;
}

const MASK = /^[[<]mask[\]>]$/i;

/**
 * Reads the text of a `tokenizer.json`, as `Tokenizer.save` and `PreTrainedTokenizerFast.save_pretrained` write it. Its
 * truncation and padding are not applied.
 *
 * @param name how errors call the file.
 * @param maskToken the mask token; by default the one called `[MASK]` or `<mask>`.
 * @throws TokenizerError where the file is no tokenizer, has parts that are not supported, or lacks `maskToken`.
 */
export function readTokenizer(text: string, name = "tokenizer.json", maskToken?: string): TextTokenizer {
  const json = parseJson(text, name);
  const unsupported = firstUnsupported(json);
  if (unsupported !== null) throw new TokenizerError(`${name} ${unsupported}`);
  const tokenizer = makeTokenizer(json, name);
  const dropped = findDropped(json, tokenizer);
  return {
    encode: (words) => {
      const character = dropped?.(words);
      if (character !== undefined) throw notInTokenizer(character, name);
      const { ids, tokens } = tokenizer.encode(words, { add_special_tokens: false });
      // Where there is no token for unknown words, their ids come out as undefined.
      const unknown = ids.findIndex((id: unknown) => !Number.isInteger(id));
      if (unknown >= 0) throw notInTokenizer(tokens[unknown], name);
      return ids;
    },
    ...template(tokenizer, (token) => {
      const id = tokenizer.token_to_id(token);
      if (id === undefined) throw notInTokenizer(token, name);
      return id;
    }),
    maskId: findMask(tokenizer, name, maskToken),
    vocabulary: [...tokenizer.get_vocab().values()].reduce((most, id) => Math.max(most, id), -1) + 1,
  };
}

function notInTokenizer(word: string | undefined, name: string): TokenizerError {
  return new TokenizerError(
    `${JSON.stringify(word)} is not in the tokenizer ${name}, which has no token for what it does not know. Take it out of the text, or use the tokenizer that was made for this text.`,
  );
}

function parseJson(text: string, name: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new TokenizerError(
      `${name} is not JSON. Give the tokenizer.json of a Hugging Face checkpoint; where there is none, save the tokenizer as a fast one.`,
    );
  }
  if (typeof json !== "object" || json === null || !("model" in json)) {
    throw new TokenizerError(
      `${name} has no model, so it is not a tokenizer.json. (tokenizer_config.json and vocab.json are other files.)`,
    );
  }
  return json as Record<string, unknown>;
}

function makeTokenizer(json: Record<string, unknown>, name: string): Tokenizer {
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, added_tokens: [] };
  // A WordLevel model looks its token for unknown words up among the settings of another file.
  const { unk_token } = json["model"] as { readonly unk_token?: unknown };
  try {
    return new Tokenizer({ ...parts, ...json, decoder: null }, { unk_token });
  } catch (error) {
    throw new TokenizerError(
      `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/**
 * BPE without a token for unknown characters and without bytes to fall back on leaves them out and says nothing. The
 * function finds the first such character of a text; null where the tokenizer cannot lose any.
 */
function findDropped(json: Record<string, unknown>, { normalizer, pre_tokenizer, model }: Tokenizer) {
  const {
    merges,
    unk_token,
    byte_fallback,
    end_of_word_suffix: suffix,
  } = json["model"] as Record<string, unknown>;
  if (!Array.isArray(merges) || byte_fallback === true || typeof unk_token === "string") return null;
  const known = new Set<string>(model!.tokens_to_ids.keys());
  const bytes = [...known].filter((token) => token.length === 1).length;
  if (bytes >= 256 && JSON.stringify(json["pre_tokenizer"] ?? null).includes('"ByteLevel"')) return null;
  return (words: string): string | undefined => {
    const text = normalizer ? normalizer.normalize(words) : words;
    const pieces = pre_tokenizer ? pre_tokenizer.pre_tokenize(text) : [text];
    for (const piece of pieces) {
      for (const character of piece) {
        if (!known.has(character) && !known.has(`${character}${String(suffix)}`)) return character;
      }
    }
    return undefined;
  };
}

/** What the template puts around a text, found by giving it a token that no tokenizer has. */
function template({ post_processor }: Tokenizer, idOf: (token: string) => number) {
  const text = "\u0000text\u0000";
  const tokens: string[] = post_processor ? post_processor.post_process([text], null, true).tokens : [text];
  const at = tokens.indexOf(text);
  return { prefix: tokens.slice(0, at).map(idOf), suffix: tokens.slice(at + 1).map(idOf) };
}

function findMask(tokenizer: Tokenizer, name: string, maskToken: string | undefined): number | null {
  if (maskToken !== undefined) {
    const id = tokenizer.token_to_id(maskToken);
    if (id !== undefined) return id;
    throw new TokenizerError(
      `${name} has no token ${JSON.stringify(maskToken)}, which was named as the mask.`,
    );
  }
  const masks = [...tokenizer.get_vocab()].filter(([token]) => MASK.test(token));
  return masks.length === 1 ? masks[0]![1] : null;
}
