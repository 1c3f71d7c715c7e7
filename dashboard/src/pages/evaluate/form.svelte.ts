/** What the visitor has chosen so far; it stays when they look at another page of the dashboard. */
import type { ShownCard } from "../../../../shared/api/checkpoints.ts";
import type { Objective } from "../../../../shared/corpus/corpus.ts";
import type { BrowserDevice } from "../../engine/engine.ts";
import { Inspector } from "../../engine/inspector.svelte.ts";

class EvaluateForm {
  inspector = $state.raw<Inspector | null>(null);
  card = $state.raw<ShownCard | null>(null);
  /** What of the chosen files was not taken, in words. */
  faults = $state.raw<readonly string[]>([]);
  on = $state<"suite" | "corpus">("suite");
  /** Null until one is chosen: the first one of the board then. */
  suite = $state<string | null>(null);
  corpus = $state.raw<File | null>(null);
  objective = $state<Objective>("mlm");
  directions = $state("8");
  device = $state<BrowserDevice>("wasm");
  perLayer = $state(false);

  chooseModel(file: File): void {
    this.inspector?.stop();
    this.inspector = new Inspector(file);
  }
}

export const form = new EvaluateForm();

export const MOST_DIRECTIONS = 1024;

/** The number that was typed; null where it is none that can be used. */
export function directionsOf(text: string): number | null {
  const number = /^\d{1,4}$/.test(text.trim()) ? Number(text) : NaN;
  return number >= 1 && number <= MOST_DIRECTIONS ? number : null;
}
