/** Makes corpus examples out of documents of tokens: cut, without repetitions, held-out ones apart from training. */
import { PlateauError } from "../errors.ts";
import { RandomStream } from "../random.ts";
import { chunkTokens } from "./chunk-tokens.ts";
import { IGNORED, type Example, type Objective } from "./corpus.ts";
import { splitDocuments } from "./split-documents.ts";
import type { TokenDocument } from "./token-documents.ts";
import { occursIn } from "./unseen-chunks.ts";

/** No corpus can be made of these documents in this way. The message says why. */
export class MakeCorpusError extends PlateauError {}

export interface CorpusPlan {
  readonly objective: Objective;
  /** The most tokens of an example, special ones included. */
  readonly length: number;
  /** The most examples for evaluation, drawn at random where there are more. */
  readonly examples: number;
  readonly seed: number;
  /** The share of documents held out for evaluation; null where all are for evaluation and none for training. */
  readonly heldOut: number | null;
  /** Special tokens around every example. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** Stands for the hidden token of a masked example; null where there is no such token. */
  readonly maskId: number | null;
}

export interface MadeCorpus {
  /** In the order of the documents, `group` naming the document of each. */
  readonly evaluation: readonly Example[];
  readonly training: readonly Example[];
  readonly counts: {
    readonly evaluationDocuments: number;
    readonly trainingDocuments: number;
    /** Pieces for evaluation before a sample of them was drawn. */
    readonly available: number;
    /** Pieces left out: equal to an earlier one; for evaluation, but found in the training text; nothing to predict. */
    readonly repeated: number;
    readonly foundInTraining: number;
    readonly tooShort: number;
  };
}

/** Which random numbers: those of the sample, and of the masked position in the pieces of either side. */
const PURPOSE = { sample: 0x7465_0001, evaluationMask: 0x7465_0002, trainingMask: 0x7465_0003 } as const;

interface Piece {
  readonly group: string;
  readonly tokens: readonly number[];
}

/**
 * Examples for a causal model (labels are the tokens themselves) or a masked one (one hidden token each, at a position
 * that seed and order decide). Same documents and plan, same examples.
 *
 * @throws MakeCorpusError where nothing is left, the length does not hold a token, or a mask token is missing.
 */
export function makeCorpus(documents: readonly TokenDocument[], plan: CorpusPlan): MadeCorpus {
  const { objective, prefix, suffix, seed, maskId } = plan;
  const room = plan.length - prefix.length - suffix.length;
  // A causal example without a token before it predicts nothing at its first position.
  const least = objective === "clm" && prefix.length === 0 ? 2 : 1;
  if (room < least) {
    throw new MakeCorpusError(
      `A length of ${plan.length} leaves ${Math.max(room, 0)} tokens beside ${prefix.length + suffix.length} special ones, which is too few for ${objective}. Give a larger length.`,
    );
  }
  if (objective === "mlm" && maskId === null) {
    throw new MakeCorpusError(
      "A masked corpus needs a token that stands for the hidden one, and the tokenizer has none called [MASK] or <mask>. Name it, or choose clm.",
    );
  }
  const split =
    plan.heldOut === null
      ? { evaluation: documents, training: [] }
      : splitDocuments(documents, plan.heldOut, seed);
  if (split.evaluation.length === 0 || (plan.heldOut !== null && split.training.length === 0)) {
    throw new MakeCorpusError(
      `Of ${count(documents.length, "document")}, ${split.evaluation.length} are for evaluation and ${split.training.length} for training. Give more documents, cut the text into smaller ones, or hold out another share.`,
    );
  }
  const evaluation = cut(split.evaluation, room, least);
  const training = cut(split.training, room, least);
  const seen = occursIn(
    evaluation.pieces.map(({ tokens }) => tokens),
    split.training,
  );
  const unseen = evaluation.pieces.filter((_, i) => !seen[i]);
  if (unseen.length === 0) {
    throw new MakeCorpusError(
      `No example is left: of ${count(documents.length, "document")}, ${evaluation.tooShort} pieces are too short and ${evaluation.pieces.length} occur in the training text.`,
    );
  }
  const example = ({ group, tokens }: Piece, i: number, purpose: number): Example => {
    const inputIds = [...prefix, ...tokens, ...suffix];
    if (objective === "clm") {
      // What the template puts at the end marks the end of a piece, not of the text.
      return { inputIds, labels: [...prefix, ...tokens, ...suffix.map(() => IGNORED)], group };
    }
    const at = prefix.length + new RandomStream(seed, i, purpose).below(tokens.length);
    return {
      inputIds: inputIds.with(at, maskId!),
      labels: inputIds.map((id, t) => (t === at ? id : IGNORED)),
      group,
    };
  };
  // Examples are made before a sample is drawn, so that one is the same whatever the size of the sample.
  const all = unseen.map((piece, i) => example(piece, i, PURPOSE.evaluationMask));
  return {
    evaluation: sample(all, plan.examples, seed),
    training: training.pieces.map((piece, i) => example(piece, i, PURPOSE.trainingMask)),
    counts: {
      evaluationDocuments: split.evaluation.length,
      trainingDocuments: split.training.length,
      available: all.length,
      repeated: evaluation.repeated + training.repeated,
      foundInTraining: evaluation.pieces.length - unseen.length,
      tooShort: evaluation.tooShort + training.tooShort,
    },
  };
}

function cut(documents: readonly TokenDocument[], room: number, least: number) {
  const pieces: Piece[] = [];
  const known = new Set<string>();
  let repeated = 0;
  let tooShort = 0;
  for (const document of documents) {
    for (const tokens of chunkTokens(document, room)) {
      const key = tokens.join(" ");
      if (tokens.length < least) tooShort++;
      else if (known.has(key)) repeated++;
      else pieces.push({ group: document.id, tokens });
      known.add(key);
    }
  }
  return { pieces, repeated, tooShort };
}

/** `size` of the items, each as likely as any other, in their order. */
function sample<Item>(items: readonly Item[], size: number, seed: number): Item[] {
  const random = new RandomStream(seed, 0, PURPOSE.sample);
  const chosen = random.shuffle(items.map((_, i) => i)).slice(0, size);
  return chosen.sort((a, b) => a - b).map((i) => items[i]!);
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? "" : "s"}`;
}
