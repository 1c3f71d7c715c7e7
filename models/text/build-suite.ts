/**
 * Builds the real-text suite, shared/suites/text/text.suite.json, from web.jsonl.gz and the tokenizer, and where a file is
 * named, what the zoo's models learn from.
 *
 *     node models/text/build-suite.ts [TRAINING.jsonl]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { corpusLine } from "../../shared/corpus/corpus-lines.ts";
import { parseTextLines } from "../../shared/corpus/text-documents.ts";
import { readTokenizer } from "../../shared/corpus/tokenizer.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { makeTextSuite } from "../../shared/suites/text/text-suite.ts";

const FOLDER = new URL("../../shared/suites/text/", import.meta.url);
const TEXT = new URL("web.jsonl.gz", import.meta.url);

const chapters = parseTextLines(gunzipSync(readFileSync(TEXT)).toString("utf8"), "web.jsonl.gz");
const tokenizer = readTokenizer(readFileSync(new URL("tokenizer.json", FOLDER), "utf8"));
const { suite, training, counts, pairs } = makeTextSuite(chapters, tokenizer);
writeFileSync(new URL("text.suite.json", FOLDER), formatSuite(suite));
const trainingFile = process.argv[2];
if (trainingFile !== undefined) writeFileSync(trainingFile, `${training.map(corpusLine).join("\n")}\n`);

const report = [
  `corpus: ${suite.corpus.examples.length} examples of ${counts.available} from ${counts.evaluationDocuments} chapters; training: ${training.length} examples from ${counts.trainingDocuments}`,
  `left out: ${counts.repeated} repeated, ${counts.foundInTraining} found in training`,
  ...suite.tasks.map((task) => {
    if (task.kind === "probe") {
      return `${task.id}: ${task.train.length}/${task.validation.length}/${task.test.length} passages`;
    }
    return task.kind === "minimal-pairs"
      ? `${task.id}: ${task.pairs.length} pairs, such as: ${pairs[task.id]![0]!.good} / ${pairs[task.id]![0]!.bad}`
      : `${task.id}: ${task.items.length} items`;
  }),
];
process.stdout.write(`${report.join("\n")}\n`);
