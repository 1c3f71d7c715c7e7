"""LLaMA as onnxruntime-genai's model builder lays it out: GroupQueryAttention that rotates and caches by itself."""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from transformers import LlamaForCausalLM

from .fixture import OPTIMUM, Fixture
from .huggingface import build, decoder
from .sizes import LAYERS, POSITIONS, VOCABULARY
from .weights import randomise

SEED = 83
OPSET = 21
# Rotating inside GroupQueryAttention asks for a head size that is a multiple of 16.
QUERY_HEADS, KEY_HEADS, SIZE = 2, 1, 16
EPSILON = 1e-6
MICROSOFT = "com.microsoft"
PARTS = ("key", "value")


class Graph:
    """Collects nodes and weights; a node's first output is named after the node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(
        self, name: str, operator: str, inputs: list[str], more: tuple[str, ...] = (), **attributes: object
    ) -> str:
        """Adds a node with the outputs NAME/output_0 and `more`; gives the first."""
        outputs = [f"{name}/output_0", *more]
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=name, **attributes))
        return outputs[0]

    def linear(self, name: str, x: str, layer: nn.Linear) -> str:
        weight = self.constant(f"{name}.MatMul.weight", layer.weight.detach().numpy().T)
        return self.node(f"{name}/MatMul", "MatMul", [x, weight])

    def norm(self, name: str, x: str, layer: nn.Module) -> str:
        # The builder leaves this operator of ONNX Runtime's own in the standard domain.
        scale = self.constant(f"{name}.weight", layer.weight.detach().numpy())
        return self.node(name, "SimplifiedLayerNormalization", [x, scale], axis=-1, epsilon=EPSILON, stash_type=1)

    def skip_norm(self, name: str, residual: str, x: str, layer: nn.Module) -> tuple[str, str]:
        """The sum of both inputs normalised, and the sum itself."""
        scale = self.constant(f"{name}.weight", layer.weight.detach().numpy())
        total = f"{name}/output_3"
        inputs, more = [residual, x, scale], ("", "", total)
        operator = "SkipSimplifiedLayerNormalization"
        return self.node(name, operator, inputs, more, domain=MICROSOFT, epsilon=EPSILON), total


def lengths(graph: Graph) -> tuple[str, str]:
    """Each example's length less one, and the longest length, from the mask."""
    axis = graph.constant("one", np.array([1]))
    total = graph.node("/mask/ReduceSum", "ReduceSum", ["attention_mask", axis], keepdims=1)
    last = graph.node("/mask/Sub", "Sub", [total, axis])
    shape = graph.node("/mask/Shape", "Shape", ["attention_mask"])
    longest = graph.node("/mask/Gather", "Gather", [shape, graph.constant("sequence_axis", np.array(1))])
    return (
        graph.node("/mask/Sub/Cast", "Cast", [last], to=TensorProto.INT32),
        graph.node("/mask/Gather/Cast", "Cast", [longest], to=TensorProto.INT32),
    )


def rotary_tables(graph: Graph) -> list[str]:
    frequencies = 10000.0 ** -(np.arange(0, SIZE, 2) / SIZE)
    angles = np.outer(np.arange(POSITIONS), frequencies)
    return [
        graph.constant("cos_cache", np.cos(angles).astype(np.float32)),
        graph.constant("sin_cache", np.sin(angles).astype(np.float32)),
    ]


def attend(graph: Graph, number: int, x: str, attention: nn.Module, shared: list[str]) -> str:
    """The attention of one layer; `shared` are the inputs that all layers have in common: lengths and tables."""
    name = f"model.layers.{number}.attn"
    projected = [graph.linear(f"{name}.{part}_proj", x, getattr(attention, f"{part}_proj")) for part in "qkv"]
    mixed = graph.node(
        f"{name}/GroupQueryAttention",
        "GroupQueryAttention",
        [*projected, *(f"past_key_values.{number}.{part}" for part in PARTS), *shared],
        tuple(f"present.{number}.{part}" for part in PARTS),
        domain=MICROSOFT,
        num_heads=QUERY_HEADS,
        kv_num_heads=KEY_HEADS,
        scale=SIZE**-0.5,
        do_rotary=1,
    )
    return graph.linear(f"{name}.o_proj", mixed, attention.o_proj)


def feed_forward(graph: Graph, number: int, x: str, layer: nn.Module) -> str:
    name = f"model.layers.{number}.mlp"
    gate = graph.linear(f"{name}.gate_proj", x, layer.gate_proj)
    up = graph.linear(f"{name}.up_proj", x, layer.up_proj)
    gate = graph.node(f"{name}/act/Mul", "Mul", [gate, graph.node(f"{name}/act/Sigmoid", "Sigmoid", [gate])])
    return graph.linear(f"{name}.down_proj", graph.node(f"{name}/Mul", "Mul", [gate, up]), layer.down_proj)


def assembled(model: LlamaForCausalLM) -> onnx.ModelProto:
    graph = Graph()
    network = model.model
    words = graph.constant("model.embed_tokens.weight", network.embed_tokens.weight.detach().numpy())
    residual = graph.node("/model/embed_tokens/Gather", "Gather", [words, "input_ids"])
    shared = [*lengths(graph), *rotary_tables(graph)]
    # The norm that opens a layer is fused with the addition that closes the one before.
    opening = [
        (f"model.layers.{number}.input_layernorm", layer.input_layernorm) for number, layer in enumerate(network.layers)
    ]
    following = [*opening[1:], ("model.final_norm", network.norm)]
    x = graph.norm(opening[0][0], residual, opening[0][1])
    for number, layer in enumerate(network.layers):
        x = attend(graph, number, x, layer.self_attn, shared)
        name = f"model.layers.{number}.post_attention_layernorm"
        x, residual = graph.skip_norm(name, residual, x, layer.post_attention_layernorm)
        x = feed_forward(graph, number, x, layer.mlp)
        x, residual = graph.skip_norm(following[number][0], residual, x, following[number][1])
    graph.nodes.append(helper.make_node("Identity", [graph.linear("lm_head", x, model.lm_head)], ["logits"]))
    return with_interface(graph)


def with_interface(graph: Graph) -> onnx.ModelProto:
    batch, sequence = OPTIMUM[0], OPTIMUM[1]

    def caches(prefix: str, length: str) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(
                f"{prefix}.{layer}.{part}", TensorProto.FLOAT, [batch, KEY_HEADS, length, SIZE]
            )
            for layer in range(LAYERS)
            for part in PARTS
        ]

    tokens = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [batch, sequence])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, [batch, "total_sequence_length"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, sequence, VOCABULARY])
    main = helper.make_graph(
        graph.nodes,
        "main",
        [tokens, mask, *caches("past_key_values", "past_sequence_length")],
        [logits, *caches("present", "total_sequence_length")],
        initializer=graph.weights,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(main, opset_imports=opsets, ir_version=10)


def fixtures() -> Iterator[Fixture]:
    heads = {"num_attention_heads": QUERY_HEADS, "num_key_value_heads": KEY_HEADS, "head_dim": SIZE}
    model = randomise(build("llama", "eager", **heads, rms_norm_eps=EPSILON), SEED)
    notes = (
        "As onnxruntime-genai's builder writes LLaMA: GroupQueryAttention that rotates and caches, lengths from the "
        "mask, SimplifiedLayerNormalization with and without skip, query projection wider than the hidden size"
    )
    yield Fixture(f"llama-genai.script{OPSET}", "clm", decoder(model), assembled(model), "script", notes)
