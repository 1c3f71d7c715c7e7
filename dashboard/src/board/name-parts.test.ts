import { expect, test } from "vitest";
import { nameParts } from "./name-parts.ts";

test.each([
  ["adamw-d48-s1-step-8000", "adamw-d48-s1-", "step-8000"],
  ["sgd-d48-s1-step-16000", "sgd-d48-s1-", "step-16000"],
  ["bert_base/checkpoint_12", "bert_base/", "checkpoint_12"],
  ["a-run-whose-checkpoints-are-very-long-words", "a-run-whose-checkpoints-are-very-", "long-words"],
  ["some-thing-wonderfully-unpronounceable", "some-thing-wonderfully-unpro", "nounceable"],
  ["step-8000", "", "step-8000"],
  ["m", "", "m"],
  ["", "", ""],
  ["trailing-words-", "trailing-", "words-"],
])("%s", (name, head, tail) => {
  expect(nameParts(name)).toEqual([head, tail]);
});
