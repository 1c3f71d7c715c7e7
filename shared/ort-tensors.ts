/** Between Plateau's tensors and ONNX Runtime's; the class differs between the native and the web package. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-web/wasm";
import { PlateauError } from "./errors.ts";
import type { ElementType, Feeds, Tensor, TensorData } from "./runtime.ts";

const dataClasses: Record<ElementType, { new (): TensorData }> = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Throws a `PlateauError` for a tensor whose data does not fit its type or dimensions. */
export function toOrt(feeds: Feeds, OrtTensorClass: TensorConstructor): Record<string, OrtTensor> {
  const entries = Object.entries(feeds).map(([name, { type, dims, data }]): [string, OrtTensor] => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (!(data instanceof dataClasses[type]) || data.length !== size) {
      throw new PlateauError(
        `Input ${name} holds ${data.length} elements as ${data.constructor.name}, but ${type} ` +
          `[${dims.join(", ")}] needs ${size} as ${dataClasses[type].name}.`,
      );
    }
    return [name, new OrtTensorClass(type as "float32", data as Float32Array, dims)];
  });
  return Object.fromEntries(entries);
}

/** Throws a `PlateauError` for an output of a type that `Tensor` does not know. */
export function fromOrt(outputs: InferenceSession.ReturnType): Record<string, Tensor> {
  const entries = Object.entries(outputs).map(([name, { type, dims, data }]): [string, Tensor] => {
    if (!(type in dataClasses)) {
      throw new PlateauError(
        `Output ${name} is ${type}, which Plateau cannot read; add a Cast to float32 in the model.`,
      );
    }
    return [name, { type: type as ElementType, dims, data: data as TensorData }];
  });
  return Object.fromEntries(entries);
}
