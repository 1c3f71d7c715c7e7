/** A suite by name, or from a file. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { findSuite, SUITES } from "../../shared/suites/index.ts";
import { formatSuite, parseSuite, SuiteError } from "../../shared/suites/suite-file.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import { readBytes } from "./read-input.ts";
import { UsageError } from "./usage-error.ts";

export interface SuiteSource {
  readonly suite: Suite;
  /** The suite as text, of which `sha256` is taken. */
  readonly text: string;
  readonly sha256: string;
}

const SUITES_FOLDER = new URL("../../shared/suites/", import.meta.url);
const LARGEST_SUITE = 2 ** 29 - 24;

/**
 * @param name a suite that Plateau brings along, with or without its version, or the path of a suite file.
 * @throws UsageError where there is neither; SuiteError, CorpusError, LanguageError where the file is no suite.
 */
export async function readSuite(name: string): Promise<SuiteSource> {
  const known = findSuite(name);
  if (known?.source.kind === "made") {
    const suite = known.source.make();
    return identified(suite, formatSuite(suite));
  }
  if (known) return readSuiteFile(fileURLToPath(new URL(known.source.path, SUITES_FOLDER)));
  if (!/[/\\.]/.test(name)) {
    throw new UsageError(
      `There is no suite '${name}'. Choose among ${SUITES.map(({ id }) => id).join(", ")}, or give a suite file.`,
    );
  }
  const source = await readSuiteFile(name);
  const { id } = source.suite.definition;
  // A file that calls itself like a suite of Plateau's must be that suite: versions never change.
  if (SUITES.some((suite) => suite.id === id) && (await readSuite(id)).sha256 !== source.sha256) {
    throw new SuiteError(
      `${name} calls itself ${id}, but is not the ${id} that Plateau brings along; give it a name of its own.`,
    );
  }
  return source;
}

async function readSuiteFile(name: string): Promise<SuiteSource> {
  const bytes = await readBytes(name, "suite", "name the suite file in it", LARGEST_SUITE);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SuiteError(`${name} is not text in UTF-8; a suite file is one JSON object.`);
  }
  const suite = parseSuite(text, name);
  // The same suite has the same identity however its file was laid out.
  return identified(suite, formatSuite(suite));
}

function identified(suite: Suite, text: string): SuiteSource {
  return { suite, text, sha256: createHash("sha256").update(text).digest("hex") };
}
