"""The zoo's models: pre-LN transformers, in the form that is exported and in a form that trains fast."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .batches import Batch

# Standard deviation of token and position vectors at the start.
EMBEDDING_SCALE = 0.1
HIDDEN_BIAS = -1e4


@dataclass(frozen=True)
class Shape:
    vocabulary: int
    positions: int
    width: int
    layers: int
    heads: int
    inner: int
    causal: bool


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.causal = shape.causal
        self.scale = 1 / math.sqrt(shape.width // shape.heads)
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.output = nn.Linear(shape.width, shape.width)

    def split(self, x: Tensor) -> Tensor:
        """[N, T, d] to [N, heads, T, d / heads]."""
        return x.view(x.shape[0], x.shape[1], self.heads, x.shape[2] // self.heads).transpose(1, 2)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = query @ key.transpose(-1, -2) * self.scale + bias
        mixed = (scores.softmax(-1) @ value).transpose(1, 2)
        return self.output(mixed.reshape(x.shape))

    def packed(self, x: Tensor, groups: list[tuple[int, int]], rows: Tensor | None) -> Tensor:
        """[S, d] of packed sentences to [S, d]; or to [N, d], one row of each sentence, where `rows` says which."""
        projections = (self.key, self.value) if rows is not None else (self.query, self.key, self.value)
        # One large product is faster than three small ones; the weights are small beside the tokens.
        joined = functional.linear(
            x,
            torch.cat([projection.weight for projection in projections]),
            torch.cat([projection.bias for projection in projections]),
        ).chunk(len(projections), -1)
        query, key, value = joined if rows is None else (self.query(x[rows]), *joined)
        sizes = [count * length for count, length in groups]
        asked = sizes if rows is None else [count for count, _ in groups]
        mixed = []
        parts = zip(groups, query.split(asked), key.split(sizes), value.split(sizes), strict=True)
        for (count, length), q, k, v in parts:
            q, k, v = (self.split(part.reshape(count, -1, part.shape[-1])) for part in (q, k, v))
            scores = q @ k.transpose(-1, -2) * self.scale
            if self.causal:
                future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
                scores = scores.masked_fill(future, -math.inf)
            mixed.append((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, x.shape[-1]))
        return self.output(torch.cat(mixed))


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = Attention(shape)
        self.feedforward_norm = nn.LayerNorm(shape.width)
        self.inner = nn.Linear(shape.width, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.width)

    def feedforward(self, x: Tensor) -> Tensor:
        return self.outer(functional.gelu(self.inner(self.feedforward_norm(x))))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), bias)
        return x + self.feedforward(x)

    def packed(self, x: Tensor, groups: list[tuple[int, int]], rows: Tensor | None) -> Tensor:
        mixed = self.attention.packed(self.attention_norm(x), groups, rows)
        x = (x if rows is None else x[rows]) + mixed
        return x + self.feedforward(x)


class Transformer(nn.Module):
    """Encoder or causal decoder with learned positions, exact GELU, a final norm and an untied head with a bias."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.vocabulary)
        for table in (self.words, self.positions):
            nn.init.normal_(table.weight, std=EMBEDDING_SCALE)

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[N, T, d] after the final norm."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.words(input_ids) + self.positions(places)
        visible = attention_mask[:, None, None, :] > 0
        if self.shape.causal:
            visible = visible & (places[None, :] <= places[:, None])
        bias = (1.0 - visible.to(x.dtype)) * HIDDEN_BIAS
        for layer in self.layers:
            x = layer(x, bias)
        return self.norm(x)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[N, T, vocabulary] logits: what is exported."""
        return self.head(self.hidden(input_ids, attention_mask))

    def packed_hidden(self, batch: Batch, only_rows: bool) -> Tensor:
        """After the final norm: [R, d] at the rows where the batch predicts, or [S, d] everywhere.

        Where one place in each sentence is asked for, the last layer works on that place alone, apart from keys and
        values.
        """
        one_each = only_rows and batch.one_each and not self.shape.causal
        x = self.words(batch.ids) + self.positions(batch.places)
        *lower, last = cast("list[Layer]", list(self.layers))
        for layer in lower:
            x = layer.packed(x, batch.groups, None)
        x = last.packed(x, batch.groups, batch.rows if one_each else None)
        if only_rows and not one_each:
            x = x[batch.rows]
        return self.norm(x)

    def padded_hidden(self, batch: Batch, only_rows: bool) -> Tensor:
        """The same by way of padding: fewer and larger operations, for devices that want them."""
        places, sentences = padded_places(batch)
        longest = batch.groups[-1][1]
        flat = sentences * longest + places
        count = sum(number for number, _ in batch.groups)
        ids = batch.ids.new_zeros(count * longest).index_copy(0, flat, batch.ids).view(count, longest)
        mask = batch.ids.new_zeros(count * longest).index_fill(0, flat, 1).view(count, longest)
        hidden = self.hidden(ids, mask).flatten(0, 1)
        return hidden[flat[batch.rows] if only_rows else flat]

    def batch_hidden(self, batch: Batch, only_rows: bool = True) -> Tensor:
        on_cpu = self.head.weight.device.type == "cpu"
        return self.packed_hidden(batch, only_rows) if on_cpu else self.padded_hidden(batch, only_rows)

    def predictions(self, batch: Batch) -> Tensor:
        """[R, vocabulary] logits where the batch predicts."""
        return self.head(self.batch_hidden(batch))

    def concatenated(self, batch: Batch) -> Tensor:
        """[sentences, positions · d] features: all tokens of a sentence after the final norm, 0 past its end."""
        hidden = self.batch_hidden(batch, only_rows=False)
        places, sentences = padded_places(batch)
        count, width = sum(number for number, _ in batch.groups), hidden.shape[-1]
        empty = hidden.new_zeros(count * self.shape.positions, width)
        return empty.index_copy(0, sentences * self.shape.positions + places, hidden).view(count, -1)


def padded_places(batch: Batch) -> tuple[Tensor, Tensor]:
    """[S] the place of each token in its sentence, and the number of that sentence in the batch."""
    lengths = torch.tensor([length for count, length in batch.groups for _ in range(count)], device=batch.ids.device)
    return batch.places, torch.repeat_interleave(torch.arange(len(lengths), device=batch.ids.device), lengths)
