/**
 * Features of sentences at every layer: hidden states, pooled and projected inside the graph, so that only
 * `dimensions` numbers a layer and sentence leave the runtime.
 *
 * f = Pᵀ pool(h), P random with entries ±1/√dimensions (see projection.ts), pool one of concatenated (all positions side
 * by side, zeros where the sentence is shorter), mean, or one position.
 */
import { batches } from "../evaluate/batches.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import type { Graph } from "../onnx/graph.ts";
import { feedsReadBy, inputFeeds } from "../onnx/inputs.ts";
import { writeModel } from "../onnx/write.ts";
import type { Feeds, Runtime, Session } from "../runtime.ts";
import type { Pooling } from "../suites/task.ts";
import { featureGraph, type FeatureOutput } from "./features-graph.ts";
import { findStateLayouts } from "./features-layout.ts";
import { poolingFeeds } from "./pooling.ts";
import {
  checkSentences,
  exampleOf,
  explainRefusal,
  TaskError,
  TOKENS_PER_PASS,
  type ForwardModel,
  type NameSentence,
  type TokenIds,
} from "./sentences.ts";
import { placesOf, type Range } from "./ranges.ts";

export interface FeatureOptions {
  readonly model: ForwardModel;
  readonly runtime: Runtime;
  readonly pooling: Pooling;
  /** Features of a sentence, 1 to 512. */
  readonly dimensions: number;
  /** Of the projection. A whole number below 2⁵³. */
  readonly seed: number;
  /** Tokens of the task's longest sentence. Numbers do not depend on it. */
  readonly longest: number;
  /** Sentences in one pass at most; default 512. */
  readonly batch?: number;
}

/** Features of the sentences `[first, first + count)`. */
export interface FeatureRange extends Range {
  /** The embeddings, then each layer. */
  readonly layers: readonly LayerFeatures[];
}

export interface LayerFeatures {
  /** The layer's number; null for the embeddings. */
  readonly layer: number | null;
  /** [count, dimensions] in row-major order. */
  readonly values: Float32Array;
}

/** More would defeat the purpose: features are stored, and fitted again and again. */
const MAX_DIMENSIONS = 512;
/** Features before projection, of all layers of a pass, at most (16 MiB): a wide model runs fewer sentences at once. */
const ELEMENTS_PER_PASS = 2 ** 22;

/** One session that gives the features of all hidden states of a model. */
export class FeatureExtractor {
  /** What the features are of, in order: null (the embeddings), then the layers' numbers. */
  readonly layers: readonly (number | null)[];
  private readonly options: FeatureOptions;
  private readonly graph: Graph;
  private readonly outputs: readonly FeatureOutput[];
  private readonly session: Session;
  private readonly sentencesPerPass: number;

  private constructor(
    options: FeatureOptions,
    { graph, outputs }: ReturnType<typeof featureGraph>,
    session: Session,
    sentencesPerPass: number,
  ) {
    this.options = options;
    this.layers = options.model.hiddenStates.map(({ layer }) => layer);
    this.graph = graph;
    this.outputs = outputs;
    this.session = session;
    this.sentencesPerPass = sentencesPerPass;
  }

  /**
   * @throws UnsupportedModelError where the graph shows no layers, or hidden states of an unknown layout.
   * @throws TaskError where there would be too many features to project.
   */
  static async prepare(options: FeatureOptions): Promise<FeatureExtractor> {
    const { model, runtime, pooling, dimensions, longest, batch = 512 } = options;
    if (!(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= MAX_DIMENSIONS)) {
      throw new RangeError(`${dimensions} dimensions, expected 1 to ${MAX_DIMENSIONS}`);
    }
    if (!(Number.isInteger(longest) && longest >= 1)) {
      throw new RangeError(`longest sentence of ${longest} tokens, expected at least 1`);
    }
    if (!model.hiddenStates.some(({ layer }) => layer !== null)) {
      throw new UnsupportedModelError(
        "The graph does not show where its layers end, so there is nothing to probe: no parameter is named by its layer " +
          "(such as 'layers.0.…'). Export the model with the names of its parameters.",
      );
    }
    checkPosition(pooling, longest);
    const layouts = await findStateLayouts(model, runtime, longest);
    const positions = model.inputs.fixedLength ?? longest;
    const built = featureGraph(model, layouts, { ...options, positions });
    const elements = layouts.reduce((sum, { width }) => sum + width, 0) * positions;
    const affordable = Math.max(1, Math.floor(ELEMENTS_PER_PASS / elements));
    const session = await runtime.createSession(writeModel(built.graph));
    const most = model.oneByOne ? 1 : Math.min(batch, affordable);
    return new FeatureExtractor(options, built, session, most);
  }

  /**
   * Features of a range of sentences. Whatever else is in a pass changes them by rounding only.
   *
   * @param name how errors call a sentence of the whole list.
   * @throws TaskError naming the sentence that is empty, too long, or holds a token that the model does not know, and
   * where features are not finite.
   */
  async extract(
    sentences: readonly TokenIds[],
    range: Range = { first: 0, count: sentences.length },
    name: NameSentence = (i) => `Example ${i + 1}`,
  ): Promise<FeatureRange> {
    const { model, dimensions } = this.options;
    const places = placesOf(range, sentences.length);
    const chosen = places.map((i) => sentences[i]!);
    const nameOf = (i: number) => name(places[i]!);
    checkSentences(model, chosen, nameOf);
    this.checkLengths(chosen, nameOf);
    const values = this.layers.map(() => new Float32Array(range.count * dimensions));
    const passes = batches(
      chosen.map((_, example) => ({ example, direction: 0 })),
      chosen.map(exampleOf),
      {
        pairs: this.sentencesPerPass,
        tokens: TOKENS_PER_PASS,
        padding: model.inputs.takesMask || model.oneByOne,
      },
    );
    for (const pass of passes) {
      const rows = pass.map(({ example }) => example);
      const outputs = await this.runPass(rows, chosen, nameOf);
      for (const { output, states } of this.outputs) {
        const data = outputs[output]!.data as Float32Array;
        states.forEach((state, s) => {
          rows.forEach((row, r) => {
            const start = (s * rows.length + r) * dimensions;
            const features = data.subarray(start, start + dimensions);
            if (!features.every(Number.isFinite)) throw this.notFinite(nameOf(row), state);
            values[state]!.set(features, row * dimensions);
          });
        });
      }
    }
    return { ...range, layers: this.layers.map((layer, i) => ({ layer, values: values[i]! })) };
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }

  private async runPass(rows: readonly number[], sentences: readonly TokenIds[], name: NameSentence) {
    const run = (ids: readonly TokenIds[]) => this.session.run(this.feeds(ids));
    try {
      return await run(rows.map((row) => sentences[row]!));
    } catch (error) {
      const named = rows.map((row) => ({ ids: sentences[row]!, name: name(row) }));
      throw await explainRefusal(error, named, (ids) => run([ids]));
    }
  }

  private feeds(sentences: readonly TokenIds[]): Feeds {
    const { model, pooling } = this.options;
    const longest = sentences.reduce((max, { length }) => Math.max(max, length), 0);
    const length = model.inputs.fixedLength ?? longest;
    return feedsReadBy(this.graph, {
      ...inputFeeds(this.graph, model.inputs, sentences.map(exampleOf), length),
      ...poolingFeeds(pooling, sentences, length),
    });
  }

  private checkLengths(sentences: readonly TokenIds[], name: NameSentence): void {
    const { pooling, longest } = this.options;
    sentences.forEach(({ length }, i) => {
      if (length > longest) {
        throw new TaskError(
          `${name(i)} has ${length} tokens, but the task's longest sentence was said to have ${longest}.`,
        );
      }
      if (pooling.kind === "position" && pooling.position >= length) {
        throw new TaskError(
          `${name(i)} has ${length} tokens, so none at position ${pooling.position} (counted from 0). ` +
            "Probe an earlier position, or the mean.",
        );
      }
    });
  }

  private notFinite(sentence: string, state: number): TaskError {
    const layer = this.layers[state] ?? null;
    const where = layer === null ? "in the embeddings" : `after layer ${layer}`;
    return new TaskError(
      `${sentence} has features ${where} that are not finite numbers. ` +
        "Check that all weights are finite, and that the export runs in the precision it was trained in.",
    );
  }
}

function checkPosition(pooling: Pooling, longest: number): void {
  if (pooling.kind !== "position") return;
  const { position } = pooling;
  if (Number.isInteger(position) && position >= 0 && position < longest) return;
  throw new TaskError(
    `The task probes position ${position} (counted from 0), but its longest sentence has ${longest} tokens.`,
  );
}
