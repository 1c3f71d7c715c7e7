/** How a suite names its language: by its rules, or by the shape and seed it is generated from. */
import { randomGrammar, randomHmm, type GrammarShape, type HmmShape } from "./generate.ts";
import { parseGrammar } from "./grammar.ts";
import { Hmm, type HmmParameters } from "./hmm.ts";
import { Pcfg } from "./pcfg.ts";

export type LanguageDefinition =
  | { readonly kind: "pcfg"; readonly grammar: string }
  | { readonly kind: "pcfg"; readonly shape: GrammarShape; readonly seed: number }
  | { readonly kind: "hmm"; readonly parameters: HmmParameters }
  | { readonly kind: "hmm"; readonly shape: HmmShape; readonly seed: number };

/** @throws LanguageError where it cannot be sampled. */
export function makeLanguage(definition: LanguageDefinition): Pcfg | Hmm {
  if (definition.kind === "pcfg") {
    return new Pcfg(
      "grammar" in definition
        ? parseGrammar(definition.grammar)
        : randomGrammar(definition.shape, definition.seed),
    );
  }
  return new Hmm(
    "parameters" in definition ? definition.parameters : randomHmm(definition.shape, definition.seed),
  );
}
