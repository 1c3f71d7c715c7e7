import { PlateauError } from "../errors.ts";

/** The bytes are not an ONNX model that can be read: truncated, malformed or absurd. Ask for another file. */
export class ModelFormatError extends PlateauError {
  constructor(problem: string) {
    super(`Not a readable ONNX model: ${problem}.`);
  }
}

/** The model is well formed, but holds something Plateau cannot evaluate. The message says what to export instead. */
export class UnsupportedModelError extends PlateauError {}
