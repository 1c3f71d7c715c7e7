/** The suites that Plateau brings along. */
import { buildLanguageSuite, HMM, PCFG, PCFG_MINI } from "./language-suites.ts";
import type { Suite } from "./suite.ts";
import { TEXT } from "./text/definition.ts";

export interface KnownSuite {
  /** Name and version. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly source: SuiteSource;
}

/** Where a suite comes from: made from its language, in some seconds, or a file beside this one. */
export type SuiteSource =
  { readonly kind: "made"; readonly make: () => Suite } | { readonly kind: "file"; readonly path: string };

export const SUITES: readonly KnownSuite[] = [
  ...[PCFG_MINI, PCFG, HMM].map((suite) => ({
    id: suite.id,
    title: suite.title,
    description: suite.description,
    source: { kind: "made" as const, make: () => buildLanguageSuite(suite) },
  })),
  {
    id: TEXT.id,
    title: TEXT.title,
    description: TEXT.description,
    source: { kind: "file", path: "text/text.suite.json" },
  },
];

/** The suite of this name; without a version, the latest one. Undefined where there is none. */
export function findSuite(name: string): KnownSuite | undefined {
  const exact = SUITES.find(({ id }) => id === name);
  if (exact) return exact;
  const version = ({ id }: KnownSuite) => Number(id.split("@")[1]);
  return SUITES.filter(({ id }) => id.split("@")[0] === name).sort((a, b) => version(b) - version(a))[0];
}
