/**
 * Runs pieces of tasks. What several pieces need (a session, prepared features) is made when first wanted and kept until
 * another takes its place: one model in memory at a time, one layer of one task at a time.
 */
import type { Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import { extractorOptions, extractRange, type ExtractedRange, type ExtractOptions } from "./extract-range.ts";
import { readFeatures, writeFeatures, type FeatureStore } from "./feature-store.ts";
import { FeatureExtractor } from "./features.ts";
import { prepareProbe, type ProbeData, type ProbeInput } from "./fit-probe-data.ts";
import { mergeFits, type ProbeResult } from "./fit-probe-merge.ts";
import { firstFits, laterFits, type FitResult, type FitSpec, type MainResult } from "./fit-probe-spec.ts";
import { runFit } from "./fit-probe.ts";
import { LogLikelihood } from "./log-likelihood.ts";
import { LogisticRegression } from "./logistic.ts";
import { scoreMinimalPairs } from "./minimal-pairs.ts";
import { scoreMultipleChoice } from "./multiple-choice.ts";
import { featureInput, mergeContext, oneHotInput } from "./probe-input.ts";
import { randomiseWeights } from "./random-weights.ts";
import type { Range } from "./ranges.ts";
import { orRefused, type Refused } from "./refusal.ts";
import type { ForwardModel } from "./sentences.ts";
import { sentencePools } from "./sentence-pool.ts";
import type {
  ComparePiece,
  CompareResult,
  ExtractPiece,
  ExtractResult,
  FeatureSource,
  FitPart,
  FitPiece,
  FitPieceResult,
  PartResult,
  ProbeFeatures,
} from "./task-pieces.ts";

export interface PieceContext {
  readonly suite: Suite;
  readonly runtime: Runtime;
  /** The checkpoint; asked for by pieces that run it, maybe again and again. */
  readonly subject: () => Promise<Subject>;
  readonly features: FeatureStore;
  /** Sentences, or rows, of a pass at most; default 512. */
  readonly batch?: number;
  /** Scores that depend on the task alone, kept by its id from checkpoint to checkpoint. */
  readonly oneHotScores?: Map<string, ProbeResult>;
  /** Called as a piece gets on; `share` of it is done. */
  readonly onShare?: (share: number) => void | Promise<void>;
}

export class PieceRunner {
  private readonly context: PieceContext;
  /** What runs the model. */
  private session: { readonly key: string; readonly item: Promise<Disposable> } | null = null;
  private regression: Promise<LogisticRegression> | null = null;
  private prepared: { readonly key: string; readonly data: ProbeData } | null = null;

  constructor(context: PieceContext) {
    this.context = context;
  }

  /** @throws what is no fault of a task, as all pieces do: ModelTooBigError, what the runtime throws. */
  async extract({ source, pool: index, first, count }: ExtractPiece): Promise<ExtractResult> {
    const { suite, runtime, features, batch } = this.context;
    const pool = sentencePools(suite)[index]!;
    const extraction = await this.sessionFor(`extract/${source}/${index}`, async () => {
      const model = await this.modelOf(source);
      return "reason" in model
        ? { ...model, dispose: () => Promise.resolve() }
        : new PoolExtraction({ suite, pool, model, runtime, ...(batch && { batch }) });
    });
    if (!(extraction instanceof PoolExtraction)) {
      const { reason } = extraction;
      return { refusals: new Map([...pool.rowsOf.keys()].map((place) => [place, reason])) };
    }
    const { layers, refusals } = await extraction.extract({ first, count });
    await writeFeatures(features, source, index, { first, count }, layers);
    return { refusals };
  }

  async fit({ task: place, parts }: FitPiece): Promise<FitPieceResult> {
    const results: PartResult[] = [];
    for (const [i, part] of parts.entries()) {
      await this.context.onShare?.(i / parts.length);
      results.push(await orRefused(() => this.runPart(place, part)));
    }
    return { parts: results };
  }

  async compare({ task: place, first, count }: ComparePiece): Promise<CompareResult> {
    const { suite, runtime, batch } = this.context;
    const { objective, vocabulary } = suite.definition;
    const task = suite.tasks[place]!;
    return orRefused(async (): Promise<CompareResult> => {
      const model = await this.sessionFor("likelihood", async () =>
        LogLikelihood.prepare({
          model: await this.context.subject(),
          runtime,
          objective,
          maskId: vocabulary.mask,
          ...(batch && { batch }),
        }),
      );
      const range = { first, count };
      if (task.kind === "minimal-pairs") return scoreMinimalPairs(model, task.pairs, range);
      if (task.kind === "multiple-choice") return scoreMultipleChoice(model, task.items, range);
      throw new RangeError(`task ${task.id} is a probe, which compares nothing`);
    });
  }

  async dispose(): Promise<void> {
    const open = [this.session?.item, this.regression];
    this.session = this.regression = this.prepared = null;
    for (const item of await Promise.allSettled(open)) {
      if (item.status === "fulfilled") await item.value?.dispose();
    }
  }

  private async runPart(place: number, { features, extent, fits }: FitPart): Promise<PartResult> {
    const { suite, oneHotScores } = this.context;
    const task = suite.tasks[place] as ProbeTask;
    const known = features.source === "one-hot" && !fits ? oneHotScores?.get(task.id) : undefined;
    if (known) return { probe: known };
    const data = await this.dataOf(place, features);
    if (fits) return { fits: await this.runFits(fits, data) };
    const first = await this.runFits(firstFits(extent), data);
    const main = first.find((fit): fit is MainResult => fit.kind === "main")!;
    const later = extent === "quick" ? [] : laterFits(main, extent === "full" ? data : {});
    const results = [...first, ...(await this.runFits(later, data))];
    const probe = mergeFits(results, mergeContext(task, suite.definition.seed, extent === "full"));
    if (features.source === "one-hot") oneHotScores?.set(task.id, probe);
    return { probe };
  }

  private async runFits(fits: readonly FitSpec[], data: ProbeData): Promise<FitResult[]> {
    this.regression ??= LogisticRegression.create(this.context.runtime);
    const context = { regression: await this.regression, data, seed: this.context.suite.definition.seed };
    const results: FitResult[] = [];
    for (const fit of fits) results.push(await runFit(fit, context));
    return results;
  }

  /** Several parts in a row may be about the same features. */
  private async dataOf(place: number, features: ProbeFeatures): Promise<ProbeData> {
    const key = JSON.stringify([place, features]);
    if (this.prepared?.key === key) return this.prepared.data;
    this.prepared = null;
    const data = await prepareProbe(this.context.runtime, await this.inputOf(place, features));
    this.prepared = { key, data };
    return data;
  }

  private async inputOf(place: number, features: ProbeFeatures): Promise<ProbeInput> {
    const { suite, features: store } = this.context;
    const { probeDimensions: dimensions, vocabulary } = suite.definition;
    const task = suite.tasks[place] as ProbeTask;
    if (features.source === "one-hot") return oneHotInput(task, vocabulary.size);
    const { source, size } = features;
    const pools = sentencePools(suite);
    const index = pools.findIndex(({ rowsOf }) => rowsOf.has(place));
    // Of random weights the last layer alone is written.
    const state = features.source === "model" ? features.state : 0;
    const values = await readFeatures(store, place, {
      ...{ source, index, pool: pools[index]!, size, state, dimensions },
    });
    const name = features.source === "model" ? layerName(features.layer) : "random weights";
    return featureInput(task, name, values, dimensions);
  }

  private async modelOf(source: FeatureSource): Promise<ForwardModel | Refused> {
    const { runtime, suite, subject } = this.context;
    if (source === "model") return subject();
    const { model, reason } = await randomiseWeights(await subject(), runtime, suite.definition.seed);
    return model ? { ...model, hiddenStates: model.hiddenStates.slice(-1) } : { reason };
  }

  private async sessionFor<Item extends Disposable>(key: string, make: () => Promise<Item>): Promise<Item> {
    if (this.session?.key !== key) {
      const previous = this.session?.item;
      this.session = null;
      await (await previous?.catch(() => undefined))?.dispose();
      this.session = { key, item: make() };
    }
    return this.session!.item as Promise<Item>;
  }
}

interface Disposable {
  dispose(): Promise<void>;
}

/** Extracts ranges of one pool by one session. */
class PoolExtraction implements Disposable {
  private readonly options: Omit<ExtractOptions, "extractor">;
  private extractor: Promise<FeatureExtractor> | undefined;

  constructor(options: Omit<ExtractOptions, "extractor">) {
    this.options = options;
  }

  extract(range: Range): Promise<ExtractedRange> {
    const extractor = () => (this.extractor ??= FeatureExtractor.prepare(extractorOptions(this.options)));
    return extractRange(range, { ...this.options, extractor });
  }

  async dispose(): Promise<void> {
    await (await this.extractor?.catch(() => undefined))?.dispose();
  }
}

function layerName(layer: number | null): string {
  return layer === null ? "the embeddings" : `layer ${layer}`;
}
