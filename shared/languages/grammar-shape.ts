/** How the rules of a grammar hang together: whether derivations end, how long sentences are, what is reached. */
import type { Grammar, PhraseRule } from "./grammar.ts";
import { LanguageError } from "./language.ts";
import { quoted } from "./quoted.ts";

/**
 * Non-terminals ordered so that the right sides of every rule come before its left side.
 *
 * A grammar in which a symbol can contain itself either never ends, or has no longest sentence that a model's positions
 * could hold; both are refused.
 *
 * @throws LanguageError naming the symbols of the cycle.
 */
export function bottomUp(grammar: Grammar): number[] {
  const { nonterminals, phrases } = grammar;
  const children: Set<number>[] = nonterminals.map(() => new Set());
  for (const { parent, left, right } of phrases) {
    children[parent]!.add(left);
    if (right >= 0) children[parent]!.add(right);
  }
  const order: number[] = [];
  const state = new Uint8Array(nonterminals.length);
  // Without recursion: a grammar file may be a very long chain.
  for (let root = 0; root < nonterminals.length; root++) {
    if (state[root]) continue;
    const path: { symbol: number; rest: number[] }[] = [{ symbol: root, rest: [...children[root]!] }];
    state[root] = 1;
    while (path.length > 0) {
      const { symbol, rest } = path.at(-1)!;
      const next = rest.pop();
      if (next === undefined) {
        state[symbol] = 2;
        order.push(symbol);
        path.pop();
      } else if (state[next] === 1) {
        const from = path.findIndex((step) => step.symbol === next);
        const cycle = [...path.slice(from).map((step) => step.symbol), next];
        throw cycleError(cycle, nonterminals, endingSymbols(grammar));
      } else if (state[next] === 0) {
        state[next] = 1;
        path.push({ symbol: next, rest: [...children[next]!] });
      }
    }
  }
  return order;
}

function cycleError(
  cycle: readonly number[],
  nonterminals: readonly string[],
  ending: (symbol: number) => boolean,
): LanguageError {
  const shown = cycle.map((symbol) => quoted(nonterminals[symbol]!).slice(1, -1));
  const path = shown.length > 7 ? [...shown.slice(0, 3), "…", ...shown.slice(-3)] : shown;
  return new LanguageError(
    ending(cycle[0]!)
      ? `The grammar can go round in ${path.join(" → ")}: its sentences have no greatest length, which the exact loss ` +
          `needs. Unroll it to a fixed depth.`
      : `The grammar goes round in ${path.join(" → ")} without end: no sentence comes of it. Rewrite ` +
          `it so that no symbol can contain itself.`,
  );
}

/** Which non-terminals can derive words alone. */
function endingSymbols({ nonterminals, phrases, lexicon }: Grammar): (symbol: number) => boolean {
  const ends = new Uint8Array(nonterminals.length);
  const usedBy: number[][] = nonterminals.map(() => []);
  // Children of each rule that are not yet known to end.
  const open = phrases.map(({ right }) => (right < 0 ? 1 : 2));
  phrases.forEach(({ left, right }, rule) => {
    usedBy[left]!.push(rule);
    if (right >= 0) usedBy[right]!.push(rule);
  });
  const pending = lexicon.map(({ parent }) => parent);
  for (let symbol = pending.pop(); symbol !== undefined; symbol = pending.pop()) {
    if (ends[symbol]) continue;
    ends[symbol] = 1;
    for (const rule of usedBy[symbol]!) if (--open[rule]! === 0) pending.push(phrases[rule]!.parent);
  }
  return (symbol) => ends[symbol] === 1;
}

/** Words of the longest sentence below each non-terminal. */
export function longestYields(grammar: Grammar, order: readonly number[]): Float64Array {
  const longest = new Float64Array(grammar.nonterminals.length);
  for (const { parent } of grammar.lexicon) longest[parent] = 1;
  const phrases = phrasesByParent(grammar);
  for (const symbol of order) {
    for (const { left, right } of phrases[symbol]!) {
      longest[symbol] = Math.max(longest[symbol]!, longest[left]! + (right < 0 ? 0 : longest[right]!));
    }
  }
  return longest;
}

/** Expected words of what each non-terminal derives. */
export function meanYields(grammar: Grammar, order: readonly number[]): Float64Array {
  const mean = new Float64Array(grammar.nonterminals.length);
  for (const { parent, probability } of grammar.lexicon) mean[parent]! += probability;
  const phrases = phrasesByParent(grammar);
  for (const symbol of order) {
    for (const { left, right, probability } of phrases[symbol]!) {
      mean[symbol]! += probability * (mean[left]! + (right < 0 ? 0 : mean[right]!));
    }
  }
  return mean;
}

/** Non-terminals that occur in some derivation from the start symbol. */
export function reachable(grammar: Grammar): Set<number> {
  const phrases = phrasesByParent(grammar);
  const found = new Set([0]);
  // A set's iterator also visits what is added meanwhile.
  for (const symbol of found) {
    for (const { left, right } of phrases[symbol]!) {
      found.add(left);
      if (right >= 0) found.add(right);
    }
  }
  return found;
}

/**
 * Numbers of reachable non-terminals on each level, the start symbol's first, or null where some rule does not lead from
 * one level to the next.
 */
export function levelSizes(grammar: Grammar): number[] | null {
  const phrases = phrasesByParent(grammar);
  const levelOf = new Map([[0, 0]]);
  const sizes: number[] = [];
  for (const [symbol, level] of levelOf) {
    sizes[level] = (sizes[level] ?? 0) + 1;
    for (const { left, right } of phrases[symbol]!) {
      for (const child of right < 0 ? [left] : [left, right]) {
        if (!levelOf.has(child)) levelOf.set(child, level + 1);
        else if (levelOf.get(child) !== level + 1) return null;
      }
    }
  }
  return sizes;
}

function phrasesByParent({ nonterminals, phrases }: Grammar): PhraseRule[][] {
  const result: PhraseRule[][] = nonterminals.map(() => []);
  for (const rule of phrases) result[rule.parent]!.push(rule);
  return result;
}
