/** A suite like those that Plateau brings along, small enough for a test: a random grammar of 12 words. */
import { buildLanguageSuite, PCFG_MINI } from "../../shared/suites/language-suites.ts";
import type { Suite } from "../../shared/suites/suite.ts";

type Recipe = Parameters<typeof buildLanguageSuite>[0];

export function smallSuite(more: Partial<Recipe> = {}): Suite {
  const suite = buildLanguageSuite({
    ...PCFG_MINI,
    id: "small@1",
    title: "Small",
    description: "For tests.",
    examples: 60,
    directions: 2,
    probeDimensions: 24,
    sizes: { train: 120, validation: 60, test: 80 },
    pairs: 20,
    ...more,
  });
  return { ...suite, tasks: suite.tasks.filter(({ id }) => id !== "task-B") };
}
