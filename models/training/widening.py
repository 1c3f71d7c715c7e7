"""A small model inside a larger one: the same function, so that both have parameters of the same number and kind.

Every feature is repeated, and what reads n copies of a feature divides its weights by n (Liu et al. 2023, who compare
traces across sizes so). Features of the residual stream are all repeated equally often, which leaves the mean and
variance of LayerNorm as they are. Added layers write nothing.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from .errors import TrainingError
from .model import Shape, Transformer

State = dict[str, Tensor]


def wider_shape(small: Shape, width: int, heads: int | None, inner: int | None, layers: int | None) -> Shape:
    """The shape to embed in; heads and the inner width grow with the width unless they are given."""
    copies = width // small.width
    shape = replace(
        small,
        width=width,
        heads=heads or small.heads * copies,
        inner=inner or small.inner * copies,
        layers=layers or small.layers,
    )
    if copies < 1 or width % small.width:
        raise TrainingError(
            f"Width {width} is no multiple of {small.width}: LayerNorm needs every feature equally often."
        )
    if shape.heads % small.heads or copies % (shape.heads // small.heads):
        raise TrainingError(
            f"{small.heads} heads of {small.width // small.heads} features cannot be repeated into {shape.heads} heads "
            f"at width {width}: the heads must be {small.heads} times a divisor of {copies}."
        )
    if shape.inner < small.inner or shape.layers < small.layers:
        raise TrainingError(
            f"Inner width {shape.inner} and {shape.layers} layers must not be below {small.inner} and {small.layers}."
        )
    return shape


def widen(state: State, small: Shape, large: Shape) -> State:
    """The parameters of a model of shape `large` that computes what `state` of shape `small` computes."""
    stream = torch.arange(large.width) % small.width
    inner = torch.arange(large.inner) % small.inner
    mixed, longer = attention_features(small, large)
    every = torch.arange(small.vocabulary)
    result: State = {
        "words.weight": state["words.weight"][:, stream],
        "positions.weight": state["positions.weight"][:, stream],
    }

    def vectors(name: str) -> None:
        for part in ("weight", "bias"):
            result[f"{name}.{part}"] = state[f"{name}.{part}"][stream]

    def linear(name: str, outputs: Tensor, inputs: Tensor, divisor: float = 1.0) -> None:
        copies = torch.bincount(inputs)[inputs]
        weight = state[f"{name}.weight"].double()[outputs][:, inputs] / (copies * divisor)
        result[f"{name}.weight"] = weight.float()
        result[f"{name}.bias"] = (state[f"{name}.bias"].double()[outputs] / divisor).float()

    for layer in range(small.layers):
        place = f"layers.{layer}"
        vectors(f"{place}.attention_norm")
        vectors(f"{place}.feedforward_norm")
        # A head that is n times as long has scores n / √n times as large.
        linear(f"{place}.attention.query", mixed, stream, math.sqrt(longer))
        linear(f"{place}.attention.key", mixed, stream)
        linear(f"{place}.attention.value", mixed, stream)
        linear(f"{place}.attention.output", stream, mixed)
        linear(f"{place}.inner", inner, stream)
        linear(f"{place}.outer", stream, inner)
    vectors("norm")
    linear("head", every, stream)
    return added_layers(result, small, large)


def attention_features(small: Shape, large: Shape) -> tuple[Tensor, int]:
    """Which old feature each new one of the heads repeats, and how many times longer a head has become."""
    size = small.width // small.heads
    new_size = large.width // large.heads
    head = torch.arange(large.heads) % small.heads
    within = torch.arange(new_size) % size
    return (head[:, None] * size + within).flatten(), new_size // size


def added_layers(state: State, small: Shape, large: Shape) -> State:
    """Layers beyond those of the small model are repeated from below, but what they would write is 0."""
    for layer in range(small.layers, large.layers):
        source = f"layers.{layer % small.layers}."
        for name in [name for name in state if name.startswith(source)]:
            part = name.removeprefix(source)
            writes = part.startswith(("attention.output.", "outer."))
            state[f"layers.{layer}.{part}"] = torch.zeros_like(state[name]) if writes else state[name].clone()
    return state


def widened(model: Transformer, shape: Shape) -> Transformer:
    large = Transformer(shape)
    large.load_state_dict(widen(model.state_dict(), model.shape, shape))
    return large.eval()


@torch.no_grad()
def largest_logit_difference(one: Transformer, other: Transformer, seed: int = 0) -> float:
    """On random sentences of the full length."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(one.shape.vocabulary, (64, one.shape.positions), generator=random)
    mask = torch.ones_like(ids)
    return float((one(ids, mask) - other(ids, mask)).abs().max())
