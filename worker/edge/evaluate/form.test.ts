import { expect, test } from "vitest";
import { ApiError } from "../../api/problems/api-error.ts";
import { boundaryOf, parseForm } from "./form.ts";

/** As the platform writes it. */
async function written(form: FormData): Promise<{ bytes: Uint8Array; type: string }> {
  const response = new Response(form);
  return { bytes: new Uint8Array(await response.arrayBuffer()), type: response.headers.get("Content-Type")! };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("reads what a browser writes, without copying it", async () => {
  const model = Uint8Array.from({ length: 70_000 }, (_, i) => (i % 3 === 0 ? 13 : (i * 7) % 256));
  const form = new FormData();
  form.append("model", new Blob([model]), 'a "quoted" модель.onnx');
  form.append("corpus", new Blob(["{}\r\n--not the boundary\r\n"]), "dev.jsonl");
  form.append("objective", "mlm");
  form.append("empty", "");
  const { bytes, type } = await written(form);
  const parts = parseForm(bytes, boundaryOf(type)!);
  expect([...parts.keys()]).toEqual(["model", "corpus", "objective", "empty"]);
  expect(parts.get("model")!.content).toEqual(model);
  expect(parts.get("model")!.content.buffer).toBe(bytes.buffer);
  expect(parts.get("model")!.file).toContain("модель.onnx");
  expect(textOf(parts.get("corpus")!.content)).toBe("{}\r\n--not the boundary\r\n");
  expect(parts.get("objective")).toMatchObject({ file: null });
  expect(textOf(parts.get("objective")!.content)).toBe("mlm");
  expect(parts.get("empty")!.content).toHaveLength(0);
});

test("reads forms with a preamble, blanks after boundaries, and headers in any case", () => {
  const body = bytesOf(
    'before\r\n--b  \r\ncontent-DISPOSITION: form-data; name=model; filename="x"\r\nX: y\r\n\r\nabc\r\n--b--\r\nafter',
  );
  expect(
    [...parseForm(body, "b").values()].map(({ name, file, content }) => [name, file, textOf(content)]),
  ).toEqual([["model", "x", "abc"]]);
});

const part = (name: string, content = "x") =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;

test.each([
  ["nothing", ""],
  ["no boundary", "hello"],
  ["no end", part("a").slice(0, -2)],
  ["an end within a part", `${part("a")}--b\r\nContent-Disposition: form-data; name="c"\r\n\r\nx`],
  ["a part without a name", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"],
  ["a part without headers", "--b\r\n\r\nx\r\n--b--"],
  ["headers without end", `--b\r\nX: ${"y".repeat(5000)}\r\n\r\nx\r\n--b--`],
  ["a field twice", `${part("a")}${part("a")}--b--`],
  ["too many fields", `${Array.from({ length: 17 }, (_, i) => part(`f${i}`)).join("")}--b--`],
  ["a boundary in the middle of a line", "--bx\r\n\r\n--b--"],
])("refuses %s", (_, body) => {
  expect(() => parseForm(bytesOf(body), "b")).toThrow(ApiError);
});

test.each<[string | null, string | null]>([
  [null, null],
  ["application/octet-stream", null],
  ["application/x-www-form-urlencoded", null],
  ["multipart/form-data; boundary=abc", "abc"],
  ['Multipart/Form-Data; charset=utf-8; boundary="a b"', "a b"],
])("the boundary of %s is %s", (type, boundary) => {
  expect(boundaryOf(type)).toBe(boundary);
});

test("refuses a form without a boundary", () => {
  expect(() => boundaryOf("multipart/form-data")).toThrow("boundary");
  expect(() => boundaryOf(`multipart/form-data; boundary=${"x".repeat(71)}`)).toThrow("boundary");
});
