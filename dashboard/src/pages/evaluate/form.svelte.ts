/** What the visitor has chosen so far; it stays when they look at another page, and all but the files when they load anew. */
import type { ShownCard } from "../../../../shared/api/checkpoints.ts";
import { Inspector } from "../../engine/inspector.svelte.ts";
import { readSettings, type Settings } from "./settings.ts";

const KEY = "plateau-evaluate";

class EvaluateForm {
  inspector = $state.raw<Inspector | null>(null);
  card = $state.raw<ShownCard | null>(null);
  /** What of the chosen files was not taken, in words. */
  faults = $state.raw<readonly string[]>([]);
  corpus = $state.raw<File | null>(null);
  settings = $state.raw<Settings>(readSettings(kept()));

  chooseModel(file: File): void {
    this.inspector?.stop();
    this.inspector = new Inspector(file);
  }

  change(changes: Partial<Settings>): void {
    this.settings = { ...this.settings, ...changes };
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.settings));
    } catch {
      // Storage is switched off: they last as long as the page.
    }
  }
}

export const form = new EvaluateForm();

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
