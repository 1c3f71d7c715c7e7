/** What a language model's graph inputs mean, and how a batch of examples is fed to them. */
import type { Example } from "../corpus/corpus.ts";
import type { Feeds, Tensor } from "../runtime.ts";
import { UnsupportedModelError } from "./error.ts";
import type { Graph, GraphInput } from "./graph.ts";
import { DataType } from "./weights.ts";

/** Longer than any model's context: padding examples to it would only exhaust memory. */
const MAX_FIXED_LENGTH = 2 ** 17;

type Role = "ids" | "mask" | "types" | "positions" | "past" | "cacheFlag";

const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/^(input_ids|input|ids|tokens|input\.1)$/, "ids"],
  [/^(attention_mask|input_mask|mask|attn_mask|key_padding_mask)$/, "mask"],
  [/^(token_type_ids|segment_ids)$/, "types"],
  [/^(position_ids|cache_position)$/, "positions"],
  [/^(past_key_values|past)[._]/, "past"],
  [/^use_cache_branch$/, "cacheFlag"],
];

export interface ModelInputs {
  readonly roles: ReadonlyMap<string, Role>;
  /** Name of the input that takes token ids. */
  readonly ids: string;
  /** Whether padding can be masked out; otherwise only examples of one length share a batch. */
  readonly takesMask: boolean;
  /** Sequence length the graph is fixed to, or null. */
  readonly fixedLength: number | null;
  /** Batch size the graph declares, or null where it is symbolic. */
  readonly fixedBatch: number | null;
}

/** Works out the inputs. Throws UnsupportedModelError naming an input that Plateau cannot feed. */
export function modelInputs(graph: Graph): ModelInputs {
  const roles = new Map<string, Role>();
  for (const input of graph.inputs) {
    const role = ROLES.find(([pattern]) => pattern.test(input.name))?.[1] ?? onlyIntegerInput(graph, input);
    if (!role) {
      throw new UnsupportedModelError(
        `Plateau does not know what to feed to input '${input.name}'. It feeds input_ids, attention_mask, ` +
          "token_type_ids, position_ids and empty past_key_values; export the model with these alone.",
      );
    }
    roles.set(input.name, role);
  }
  const ids = graph.inputs.find(({ name }) => roles.get(name) === "ids");
  if (!ids) throw new UnsupportedModelError("The model has no input for token ids (input_ids).");
  if (ids.dims.length !== 2) {
    throw new UnsupportedModelError(
      `Input '${ids.name}' has ${ids.dims.length} axes; expected [batch, sequence].`,
    );
  }
  const [batch, length] = ids.dims;
  if (typeof length === "number" && length > MAX_FIXED_LENGTH) {
    throw new UnsupportedModelError(
      `The model is fixed to ${length} tokens; Plateau takes at most ${MAX_FIXED_LENGTH}. ` +
        "Export it with a dynamic sequence axis.",
    );
  }
  return {
    roles,
    ids: ids.name,
    takesMask: [...roles.values()].includes("mask"),
    fixedLength: typeof length === "number" && length > 0 ? length : null,
    fixedBatch: typeof batch === "number" && batch > 0 ? batch : null,
  };
}

/** A model with a single whole-number input takes token ids there, whatever it is called. */
function onlyIntegerInput(graph: Graph, input: GraphInput): Role | undefined {
  const integer = input.elementType === DataType.INT64 || input.elementType === DataType.INT32;
  return graph.inputs.length === 1 && integer ? "ids" : undefined;
}

/** Feeds for the model's own inputs: one row an example, padded on the right to `length`. */
export function inputFeeds(
  graph: Graph,
  { roles }: ModelInputs,
  rows: readonly Example[],
  length: number,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const input of graph.inputs) {
    const role = roles.get(input.name);
    if (role) feeds[input.name] = feedFor(input, role, rows, length);
  }
  return feeds;
}

function feedFor(input: GraphInput, role: Role, rows: readonly Example[], length: number): Tensor {
  switch (role) {
    case "ids":
      return matrix(input, rows, length, ({ inputIds }, t) => inputIds[t] ?? 0);
    case "mask":
      return matrix(input, rows, length, ({ inputIds, attentionMask }, t) =>
        t < inputIds.length ? (attentionMask?.[t] ?? 1) : 0,
      );
    case "types":
      return matrix(input, rows, length, ({ tokenTypeIds }, t) => tokenTypeIds?.[t] ?? 0);
    case "positions":
      return input.dims.length === 1
        ? { ...matrix(input, rows.slice(0, 1), length, (_, t) => t), dims: [length] }
        : matrix(input, rows, length, (_, t) => t);
    case "past": {
      // [batch, heads, past sequence = 0, head size]; unknown sizes only multiply a zero.
      const dims = input.dims.map((dim, axis) =>
        axis === 0 ? rows.length : typeof dim === "number" ? dim : 0,
      );
      return { type: "float32", dims, data: new Float32Array(0) };
    }
    case "cacheFlag":
      return { type: "bool", dims: [1], data: new Uint8Array(1) };
  }
}

function matrix(
  { name, elementType }: GraphInput,
  rows: readonly Example[],
  length: number,
  value: (example: Example, t: number) => number,
): Tensor {
  const dims = [rows.length, length];
  const fill = <A extends Int32Array | Float32Array | Uint8Array>(data: A): A => {
    rows.forEach((example, r) => {
      for (let t = 0; t < length; t++) data[r * length + t] = value(example, t);
    });
    return data;
  };
  switch (elementType) {
    case DataType.INT64:
      return {
        type: "int64",
        dims,
        data: BigInt64Array.from(fill(new Int32Array(rows.length * length)), BigInt),
      };
    case DataType.INT32:
      return { type: "int32", dims, data: fill(new Int32Array(rows.length * length)) };
    case DataType.FLOAT:
      return { type: "float32", dims, data: fill(new Float32Array(rows.length * length)) };
    case DataType.BOOL:
      return { type: "bool", dims, data: fill(new Uint8Array(rows.length * length)) };
    default:
      throw new UnsupportedModelError(
        `Input '${name}' has element type ${elementType}, which Plateau cannot feed. Export it as int64.`,
      );
  }
}

/** Those of `feeds` that the graph reads: not every runtime puts up with others. Each input must be among them. */
export function feedsReadBy(graph: Graph, feeds: Feeds): Feeds {
  return Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]!]));
}
