/** A model that only shows that a device runs: y = x + x, with float32 [1] for both. */
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataType } from "onnx-buf";

export function smallestModel(): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 13n }],
    graph: {
      name: "smallest",
      node: [{ opType: "Add", input: ["x", "x"], output: ["y"] }],
      input: [number("x")],
      output: [number("y")],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

function number(name: string) {
  const shape = { dim: [{ value: { case: "dimValue" as const, value: 1n } }] };
  return {
    name,
    type: { value: { case: "tensorType" as const, value: { elemType: TensorProto_DataType.FLOAT, shape } } },
  };
}
