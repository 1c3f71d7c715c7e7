import { expect, test } from "vitest";
import { cardChanges, cardOf, EMPTY_CARD, prefilled, typeField } from "./card-form.ts";

test("a card file fills the form, and what has no field is kept", () => {
  const card = { name: "A", run: "r", step: 2000, learningRate: 0.1, warm: true, family: null };
  const form = prefilled(EMPTY_CARD, "x.onnx", card);
  expect(form.fields).toMatchObject({ name: "A", run: "r", step: "2000", family: "" });
  expect(form.further).toEqual({ learningRate: 0.1, warm: true });
  expect(cardOf(form)).toEqual({
    card: { name: "A", run: "r", step: 2000, learningRate: 0.1, warm: true },
    faults: {},
  });
});

test.each([
  ["adamw-1-step-2000.onnx", { name: "adamw-1-step-2000", run: "adamw-1", step: "2000" }],
  ["model.ONNX", { name: "model", run: "", step: "" }],
  ["step_500.onnx", { name: "step_500", run: "", step: "500" }],
])("the name %s", (file, fields) => {
  expect(prefilled(EMPTY_CARD, file, null).fields).toMatchObject(fields);
});

test("what was typed is never lost", () => {
  const typed = typeField(typeField(EMPTY_CARD, "name", "Mine"), "notes", "long thoughts");
  const form = prefilled(typed, "other.onnx", { name: "Theirs", notes: "x", run: "r" });
  expect(form.fields).toMatchObject({ name: "Mine", notes: "long thoughts", run: "r" });
});

test("the same model again, or a card before its model, changes nothing", () => {
  const card = prefilled(EMPTY_CARD, null, { run: "r", family: "f", lr: 0.1 });
  const model = prefilled(card, "a-step-5.onnx", null);
  expect(model).toEqual({ ...card, file: "a-step-5.onnx" });
  expect(prefilled(model, "a-step-5.onnx", null)).toEqual(model);
  const other = prefilled(model, "b-step-6.onnx", null);
  expect(other.fields).toMatchObject({ run: "b", family: "", step: "6" });
  expect(other.further).toEqual({});
});

test("what makes one card another", () => {
  const there = { name: "a", step: 5, lr: 0.1, notes: null };
  expect(cardChanges(there, { name: "a", step: 5, lr: 0.1 })).toBeNull();
  expect(cardChanges(there, { name: "b", step: 5 })).toEqual({ name: "b", lr: null });
  expect(cardChanges(null, {})).toBeNull();
  expect(cardChanges(null, { run: "r" })).toEqual({ run: "r" });
});

test("what is wrong stands at its field", () => {
  const wrong = typeField(typeField(EMPTY_CARD, "step", "two"), "name", "a\u202Eb");
  const { card, faults } = cardOf(wrong);
  expect(card).toBeNull();
  expect(faults.step).toContain("whole number");
  expect(faults.name).toContain("U+202E");
  expect(cardOf(typeField(EMPTY_CARD, "tokens", "21,739,473")).card).toEqual({ tokens: 21739473 });
  const further = { ...EMPTY_CARD, further: { story: "x".repeat(10_001) } };
  expect(cardOf(further).faults.further).toContain("story");
});

test("an empty form is an empty card", () => {
  expect(cardOf(EMPTY_CARD)).toEqual({ card: {}, faults: {} });
});
