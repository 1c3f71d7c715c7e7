import { expect, test } from "vitest";
import { EMPTY_CARD, typeField } from "./card-form.ts";
import { EMPTY_FORM, readForm, writeForm, type KeptForm } from "./kept-form.ts";

const form: KeptForm = {
  // Longer than a board takes: what is too long is told, not lost.
  card: typeField({ ...EMPTY_CARD, further: { lr: 0.1 }, file: "a.onnx" }, "notes", "x".repeat(50_000)),
  visibility: "public",
  suite: "pcfg-mini@1",
  evaluate: true,
  begun: { name: "a.onnx", bytes: 5, at: 1 },
  sent: { id: "aaaaaaaaaaaaaaaa", name: "a", suite: null },
};

test.each([form, EMPTY_FORM])("kept and read again", (form) => {
  expect(readForm(writeForm(form))).toEqual(form);
});

test.each([null, "", "{", "[]", '{"card":1}'])("%j is nothing that was kept", (text) => {
  expect(readForm(text)).toBeNull();
});
