"""A decoder whose export uses the operators that opset 23 added: Attention, RMSNormalization, RotaryEmbedding."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .fixture import Fixture, exported
from .huggingface import build, decoder
from .sizes import HIDDEN, INNER, LAYERS, POSITIONS, VOCABULARY
from .weights import randomise

SEED = 71
QUERY_HEADS = 4
KEY_HEADS = 2
SIZE = HIDDEN // QUERY_HEADS


class Layer(nn.Module):
    """RMSNorm before each part, grouped-query attention, gated feed-forward, no biases."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(HIDDEN, eps=1e-6)
        self.query = nn.Linear(HIDDEN, QUERY_HEADS * SIZE, bias=False)
        self.key = nn.Linear(HIDDEN, KEY_HEADS * SIZE, bias=False)
        self.value = nn.Linear(HIDDEN, KEY_HEADS * SIZE, bias=False)
        self.output = nn.Linear(QUERY_HEADS * SIZE, HIDDEN, bias=False)
        self.feedforward_norm = nn.RMSNorm(HIDDEN, eps=1e-6)
        self.gate = nn.Linear(HIDDEN, INNER, bias=False)
        self.up = nn.Linear(HIDDEN, INNER, bias=False)
        self.down = nn.Linear(INNER, HIDDEN, bias=False)

    def forward(self, x: Tensor, allowed: Tensor, positions: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        normed = self.attention_norm(x)
        query = self.query(normed).unflatten(-1, (QUERY_HEADS, SIZE)).transpose(1, 2)
        key = self.key(normed).unflatten(-1, (KEY_HEADS, SIZE)).transpose(1, 2)
        value = self.value(normed).unflatten(-1, (KEY_HEADS, SIZE)).transpose(1, 2)
        query = torch.onnx.ops.rotary_embedding(query, cos, sin, positions)
        key = torch.onnx.ops.rotary_embedding(key, cos, sin, positions)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, allowed, enable_gqa=True)
        x = x + self.output(mixed.transpose(1, 2).flatten(2))
        normed = self.feedforward_norm(x)
        return x + self.down(nn.functional.silu(self.gate(normed)) * self.up(normed))


class ModernDecoder(nn.Module):
    """LLaMA's architecture, with a tied head and the rotary angles in tables that are no parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, HIDDEN)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.RMSNorm(HIDDEN, eps=1e-6)
        self.head = nn.Linear(HIDDEN, VOCABULARY, bias=False)
        self.head.weight = self.words.weight
        frequencies = 10000.0 ** -(torch.arange(0, SIZE, 2) / SIZE)
        angles = torch.arange(POSITIONS)[:, None] * frequencies
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        length = input_ids.shape[1]
        positions = torch.arange(length, device=input_ids.device)
        causal = positions[:, None] >= positions[None, :]
        allowed = causal[None, None] & (attention_mask[:, None, None, :] > 0)
        x = self.words(input_ids)
        for layer in self.layers:
            x = layer(x, allowed, positions.expand(input_ids.shape[0], length), self.cos, self.sin)
        return self.head(self.norm(x))


def fixtures() -> Iterator[Fixture]:
    modern = randomise(ModernDecoder(), SEED)
    model = exported(modern, "dynamo", 23)
    notes = (
        "Attention (4 query heads on 2), RMSNormalization, RotaryEmbedding with cos and sin tables that are no "
        "parameters; tied"
    )
    yield Fixture("modern.dynamo23", "clm", modern, model, "dynamo", notes)

    llama = decoder(randomise(build("llama", "sdpa"), SEED))
    notes = (
        "LlamaForCausalLM. Attention, RMSNormalization, RotaryEmbedding; its cos and sin have batch 1, so ONNX Runtime "
        "refuses larger batches although the axis is declared dynamic"
    )
    yield Fixture("llama.dynamo23", "clm", llama, exported(llama, "dynamo", 23), "dynamo", notes, only_batch=1)
