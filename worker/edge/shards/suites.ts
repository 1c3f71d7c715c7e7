/** Suites, of which the last one used is kept. */
import { suiteKey } from "../../api/suites/store.ts";
import { PlateauError } from "../../../shared/errors.ts";
import { parseSuite } from "../../../shared/suites/suite-file.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { LastUsed } from "../last-used.ts";
import { memory } from "../runtime.ts";

/** Bytes that a byte of the file takes once it is parsed: measured with pcfg-mini, 4.3. */
const PARSED = 5;
/** And while it is being parsed, besides: the text, and the objects that become the suite. */
const PARSING = 5;

export interface SuiteFile {
  readonly id: string;
  readonly sha256: string;
  readonly bytes: number;
}

const suites = new LastUsed<Suite>(memory);

/** @throws OverBudgetError; PlateauError where its file is missing. */
export function useSuite(
  bucket: R2Bucket,
  { id, sha256, bytes }: SuiteFile,
): Promise<{ readonly value: Suite; readonly done: () => void }> {
  const item = { key: sha256, what: `the suite ${id}`, bytes: PARSED * bytes, loadingBytes: PARSING * bytes };
  return suites.use(item, async () => {
    const object = await bucket.get(suiteKey(sha256));
    if (!object) throw new PlateauError(`The file of the suite ${id} is not in storage; publish it again.`);
    return parseSuite(await object.text(), id);
  });
}
