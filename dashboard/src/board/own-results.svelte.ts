/**
 * Results that were computed in this browser and belong to no board: kept in this browser alone, to be laid over the
 * board of their suite.
 */
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import { readOwnResults, withOwn, withoutOwn, type OwnKey, type OwnResult } from "./own-result.ts";

const KEY = "plateau-own-results";

class OwnResults {
  #all = $state.raw<readonly OwnResult[]>(readOwnResults(kept()));

  constructor() {
    // Another tab has changed them.
    addEventListener("storage", ({ key, newValue }) => {
      if (key === KEY || key === null) this.#all = readOwnResults(newValue);
    });
  }

  of({ id, sha256 }: Pick<PublishedSuite, "id" | "sha256">): readonly OwnResult[] {
    return this.#all.filter(({ suite, suiteSha256 }) => suite === id && suiteSha256 === sha256);
  }

  add(own: OwnResult): void {
    this.#keep(withOwn(this.#all, own));
  }

  remove(own: OwnKey): void {
    this.#keep(withoutOwn(this.#all, own));
  }

  #keep(all: readonly OwnResult[]): void {
    this.#all = all;
    try {
      localStorage.setItem(KEY, JSON.stringify(all));
    } catch {
      // Storage is switched off or full: they last as long as the page.
    }
  }
}

export const ownResults = new OwnResults();

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
