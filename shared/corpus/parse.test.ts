import { describe, expect, test } from "vitest";
import { targetsOf } from "./corpus.ts";
import { CorpusError, parseCorpus } from "./parse.ts";

const good = '{"input_ids":[5,2,9],"labels":[-100,7,-100]}';

test("one example a line, whatever the line ends and blank lines between", () => {
  const second = '{"input_ids": [1], "labels": [3]}';
  for (const text of [`${good}\n${second}`, `${good}\r\n${second}\r\n`, `\n\n${good}\n  \t\n${second}\n\n`]) {
    expect(parseCorpus(text, "mlm")).toEqual({
      objective: "mlm",
      examples: [
        { inputIds: [5, 2, 9], labels: [-100, 7, -100] },
        { inputIds: [1], labels: [3] },
      ],
      largestId: 9,
      labelledTokens: 2,
    });
  }
});

test("every field, nulls for absent ones, and fields of others", () => {
  const line = JSON.stringify({
    input_ids: [1, 2],
    labels: [1, 2],
    attention_mask: [1, 0],
    token_type_ids: [0, 1],
    group: "page 3",
    text: "not read",
  });
  const absent = '{"input_ids":[1],"labels":[0],"attention_mask":null,"token_type_ids":null}';
  expect(parseCorpus(`${line}\n${absent}`, "mlm").examples).toEqual([
    { inputIds: [1, 2], labels: [1, 2], attentionMask: [1, 0], tokenTypeIds: [0, 1], group: "page 3" },
    { inputIds: [1], labels: [0] },
  ]);
});

describe("clm", () => {
  test("a label is predicted one position earlier, the first by nothing", () => {
    const { examples, labelledTokens } = parseCorpus('{"input_ids":[4,5,6],"labels":[4,5,6]}', "clm");
    expect(labelledTokens).toBe(2);
    expect(targetsOf(examples[0]!, "clm")).toEqual([
      { position: 0, label: 5 },
      { position: 1, label: 6 },
    ]);
    expect(targetsOf(examples[0]!, "mlm")).toHaveLength(3);
  });

  test("an example with nothing but a first label is left out", () => {
    const first = '{"input_ids":[4,5],"labels":[4,-100]}';
    expect(parseCorpus(`${first}\n${good}`, "clm").examples).toHaveLength(1);
    expect(parseCorpus(`${first}\n${good}`, "mlm").examples).toHaveLength(2);
    expect(() => parseCorpus(first, "clm")).toThrow(
      "corpus has no labelled token: every label is -100 or stands at the first position, which nothing predicts.",
    );
  });
});

test("the largest id is that of a label where labels are larger", () => {
  expect(parseCorpus('{"input_ids":[3],"labels":[88]}', "mlm").largestId).toBe(88);
});

describe("refused, with the line", () => {
  const line = (fields: Record<string, unknown>) =>
    JSON.stringify({ input_ids: [1, 2], labels: [1, 2], ...fields });
  const long = Array<number>(2 ** 17 + 1).fill(1);

  test.each<[string, string, string]>([
    ["no JSON", "input_ids: 1", "is not JSON. A corpus holds one JSON object a line"],
    ["half a line", good.slice(0, 20), "is not JSON"],
    ["a list", "[1, 2]", "is not a JSON object with input_ids and labels."],
    ["null", "null", "is not a JSON object"],
    ["no input_ids", '{"labels":[1]}', "has no input_ids."],
    ["no labels", '{"input_ids":[1]}', "has no labels. Give one label per token, -100 where it is ignored."],
    ["no tokens", '{"input_ids":[],"labels":[]}', ": input_ids holds 0 tokens, expected 1 to 131072."],
    ["too many tokens", line({ input_ids: long, labels: long }), ": input_ids holds 131073 tokens"],
    ["ids in a string", line({ input_ids: "12" }), ": input_ids is not a list."],
    [
      "a negative id",
      line({ input_ids: [1, -1] }),
      ": input_ids[1] is -1, expected a whole number from 0 to",
    ],
    ["a fraction", line({ input_ids: [1.5, 2] }), ": input_ids[0] is 1.5, expected a whole number"],
    ["a huge id", line({ input_ids: [1, 16777217] }), ": input_ids[1] is 16777217, expected"],
    ["an id in quotes", line({ input_ids: [1, "2"] }), ': input_ids[1] is "2", expected'],
    ["a missing id", line({ input_ids: [1, null] }), ": input_ids[1] is null, expected"],
    ["a label below zero", line({ labels: [-1, 2] }), ": label -1 is neither a token id nor -100."],
    [
      "a label far below",
      line({ labels: [-101, 2] }),
      ": labels[0] is -101, expected a whole number from -100",
    ],
    ["too few labels", line({ labels: [1] }), ": labels has 1 entries, but input_ids has 2."],
    [
      "a long mask",
      line({ attention_mask: [1, 1, 1] }),
      ": attention_mask has 3 entries, but input_ids has 2.",
    ],
    [
      "a mask of twos",
      line({ attention_mask: [1, 2] }),
      ": attention_mask[1] is 2, expected a whole number from 0 to 1.",
    ],
    ["short types", line({ token_type_ids: [0] }), ": token_type_ids has 1 entries"],
    ["a group that is a number", line({ group: 3 }), ": group is not a string."],
  ])("%s", (_, bad, message) => {
    const text = `${good}\r\n\r\n${bad}\n${good}`;
    expect(() => parseCorpus(text, "mlm", "my.jsonl")).toThrow(CorpusError);
    const space = message.startsWith(":") ? "" : " ";
    expect(() => parseCorpus(text, "mlm", "my.jsonl")).toThrow(`my.jsonl, line 3${space}${message}`);
  });

  test.each(["", "\n", " \r\n\n"])("nothing at all: %j", (text) => {
    expect(() => parseCorpus(text, "mlm", "my.jsonl")).toThrow("my.jsonl is empty.");
  });

  test("no label anywhere", () => {
    expect(() => parseCorpus('{"input_ids":[1],"labels":[-100]}', "mlm")).toThrow(
      "corpus has no labelled token: every label is -100. Label the masked positions.",
    );
  });
});
