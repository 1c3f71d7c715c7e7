import { expect, test } from "vitest";
import { chosenFiles } from "./chosen-files.ts";

const file = (name: string, text = "") => new File([text], name);

test("a model with its card", async () => {
  const model = file("step-1000.onnx");
  const card = file("step-1000.card.json", '{"name":"A","run":"r","learningRate":0.1}');
  expect(await chosenFiles([card, model])).toEqual({
    ...{ model, card: { name: "A", run: "r", learningRate: 0.1 }, faults: [] },
  });
});

test("what is no model is told with a way on", async () => {
  const { model, faults } = await chosenFiles([file("model.safetensors"), file("notes.txt")]);
  expect(model).toBeNull();
  expect(faults[0]).toContain("models/export.py");
  expect(faults[1]).toContain("notes.txt is no .onnx file");
});

test("of several models the first, and a card that is none is left out", async () => {
  const first = file("a.onnx");
  const { model, card, faults } = await chosenFiles([first, file("b.onnx"), file("a.card.json", "{")]);
  expect([model, card]).toEqual([first, null]);
  expect(faults).toHaveLength(2);
  const wrong = await chosenFiles([first, file("a.card.json", '{"step":-1}')]);
  expect(wrong.faults[0]).toContain("step");
});
