"""BERT and GPT-2 as transformers wrote them years ago: the graphs that onnxruntime's optimiser knows by heart."""

import math

import torch
from torch import Tensor, nn

from .sizes import HEADS, HIDDEN, INNER, LAYERS, POSITIONS, VOCABULARY

SEGMENTS = 2


class BertAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.key = nn.Linear(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, HIDDEN)

    def heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], HEADS, HIDDEN // HEADS).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(HIDDEN // HEADS) + bias
        mixed = torch.matmul(scores.softmax(-1), value).permute(0, 2, 1, 3).contiguous()
        return mixed.view(*mixed.shape[:-2], HIDDEN)


class BertLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = BertAttention()
        self.attention_output = nn.Linear(HIDDEN, HIDDEN)
        self.attention_norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.intermediate = nn.Linear(HIDDEN, INNER)
        self.output = nn.Linear(INNER, HIDDEN)
        self.output_norm = nn.LayerNorm(HIDDEN, eps=1e-12)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.attention_norm(self.attention_output(self.attention(x, bias)) + x)
        return self.output_norm(self.output(nn.functional.gelu(self.intermediate(x))) + x)


class ClassicBert(nn.Module):
    """Post-LN encoder with word, position and segment embeddings and a head tied to the words."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.segments = nn.Embedding(SEGMENTS, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(POSITIONS).expand(1, -1))
        self.layers = nn.ModuleList(BertLayer() for _ in range(LAYERS))
        self.transform = nn.Linear(HIDDEN, HIDDEN)
        self.transform_norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.head = nn.Linear(HIDDEN, VOCABULARY)
        self.head.weight = self.words.weight

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        positions = self.position_ids[:, : input_ids.shape[1]]
        x = self.norm(self.words(input_ids) + self.positions(positions) + self.segments(token_type_ids))
        bias = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        return self.head(self.transform_norm(nn.functional.gelu(self.transform(x))))


class Conv1D(nn.Module):
    """GPT-2's linear layer: weight stored [inputs, outputs], applied to flattened tokens."""

    def __init__(self, outputs: int, inputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        flat = torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight)
        return flat.view(*x.size()[:-1], self.bias.shape[0])


class GPT2Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        triangle = torch.ones(POSITIONS, POSITIONS, dtype=torch.bool).tril()
        self.register_buffer("triangle", triangle.view(1, 1, POSITIONS, POSITIONS))
        self.query_key_value = Conv1D(3 * HIDDEN, HIDDEN)
        self.output = Conv1D(HIDDEN, HIDDEN)

    def heads(self, x: Tensor) -> Tensor:
        return x.view(*x.size()[:-1], HEADS, HIDDEN // HEADS).permute(0, 2, 1, 3)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (self.heads(part) for part in self.query_key_value(x).split(HIDDEN, dim=2))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(HIDDEN // HEADS)
        queries, keys = scores.size(-2), scores.size(-1)
        allowed = self.triangle[:, :, keys - queries : keys, :keys]
        scores = torch.where(allowed, scores, torch.tensor(-1e4))
        mixed = torch.matmul(scores.softmax(-1), value).permute(0, 2, 1, 3).contiguous()
        return self.output(mixed.view(*mixed.size()[:-2], HIDDEN))


class GPT2Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(HIDDEN)
        self.attention = GPT2Attention()
        self.inner_norm = nn.LayerNorm(HIDDEN)
        self.inner = Conv1D(INNER, HIDDEN)
        self.outer = Conv1D(HIDDEN, INNER)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        inner = self.inner(self.inner_norm(x))
        inner = 0.5 * inner * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (inner + 0.044715 * torch.pow(inner, 3.0))))
        return x + self.outer(inner)


class ClassicGPT2(nn.Module):
    """Without an attention mask: behind a causal one, padding at the end is never looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.layers = nn.ModuleList(GPT2Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(HIDDEN)
        self.head = nn.Linear(HIDDEN, VOCABULARY, bias=False)
        self.head.weight = self.words.weight

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        positions = torch.arange(input_ids.size(-1)).unsqueeze(0).view(-1, input_ids.size(-1))
        x = self.words(input_ids) + self.positions(positions)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))
