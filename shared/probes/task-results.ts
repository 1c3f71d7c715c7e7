/** What downstream tasks give of a checkpoint. */
import type { ProbeResult } from "./fit-probe-merge.ts";
import type { Score } from "./metrics.ts";
import type { Accuracy } from "./zero-shot.ts";

/** Null where there is no score, with the reason. */
export interface NoScore {
  readonly accuracy: null;
  readonly reason: string;
}

/** Null where a layer cannot be probed: its features may be constant at one position, or overflow. */
export type LayerScore = {
  /** Null: the embeddings. */
  readonly layer: number | null;
} & ({ readonly accuracy: Score } | NoScore);

/** A score of a baseline, and what the checkpoint gains over it on the same test sentences. */
export interface Baseline {
  readonly accuracy: ProbeResult["accuracy"];
  readonly gain: { readonly value: number; readonly standardError: number | null };
}

export interface ProbeTaskResult {
  readonly chance: number;
  /** How many there are. */
  readonly classes: number;
  /** Of the last layer. */
  readonly probe: ProbeResult;
  /** Same architecture, random weights. */
  readonly random: Baseline | NoScore;
  /** The words at their positions, without any model. */
  readonly oneHot: Baseline;
  /** At one penalty, so that layers differ in their features alone. */
  readonly layers: readonly LayerScore[];
}

export interface ZeroShotResult {
  readonly accuracy: Accuracy;
  readonly chance: number;
  /** Nats by which the right answer was preferred, one an item: what paired comparisons need. */
  readonly margins: readonly number[];
}

/** By task; without a score where this model cannot be asked. */
export interface TaskResults {
  readonly probes: Readonly<Record<string, ProbeTaskResult | NoScore>>;
  readonly zeroShot: Readonly<Record<string, ZeroShotResult | NoScore>>;
}
