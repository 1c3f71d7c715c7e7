"""What the traces cost with autograd: the rivals of the cost benchmark, written as fast as PyTorch allows.

`python rivals.py --dir DIR --threads 1 --json OUT` takes the model and corpus that `model.py` wrote. The loss is
L = (1/M) Σ_i ℓ_i; here every example has one label, so M = N. A rival estimates

    hessian   Tr ∇²L = (1/M) Σ_i Tr ∇²ℓ_i
    fisher    Tr F   = (1/M) Σ_i E_{c∼p_i} ‖∇ log p_i(c)‖² = (1/M) Σ_i Tr J_iᵀ (diag p_i − p_i p_iᵀ) J_i

in passes over the corpus; a pass gives one value q_u per unit u, which is a batch of 128 examples that share one
direction, or a single example with a direction or sampled label of its own, and the estimate Σ_u q_u / M.

    directionError² of one pass = (1/M²) Σ_u s_u²,   s_u² = variance of q_u over K passes, the corpus held fixed
    its own relative error      = 1/√(2 df),         df = (Σ s²)² / (Σ s⁴ / (K − 1))
    seconds to 1 %              = seconds per pass × (directionError / trace)² / 1e-4

`trace` is the mean of all estimates of the same trace, weighted by inverse variance and printed with its error.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, jvp, vmap

from model import Encoder, read_corpus, read_model

SHARED = 128
"""Examples that share one direction: the released code's batch."""
COMPILED_CHUNK = 32
"""Divides 128 and 4,000, so that compiled code meets one size only."""

Parameters = dict[str, Tensor]
Examples = tuple[Tensor, Tensor, Tensor]
"""Inputs [n, T], labelled place [n], its word [n]."""
Draw = Callable[[int, int, torch.Generator], Tensor]
"""Random entries [rows, columns]."""
Value = Callable[[Examples, Parameters | Tensor], Tensor]
"""The quadratic form of a chunk along given directions: a scalar sum for a shared one, else one per example."""
Values = Callable[[Examples, torch.Generator], Tensor]
"""One value per unit: [1] for a shared direction over up to 128 examples, else [n]."""


class Signs:
    """Fast ±1: 16 of them from each random integer, through a table."""

    def __init__(self) -> None:
        self.table = ((torch.arange(1 << 16)[:, None] >> torch.arange(16)) & 1).float() * 2 - 1

    def __call__(self, rows: int, columns: int, generator: torch.Generator) -> Tensor:
        wide = -(-columns // 16)
        words = torch.randint(1 << 16, (rows * wide,), generator=generator)
        return self.table.index_select(0, words).view(rows, wide * 16)[:, :columns]


def gaussian(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Standard normal entries."""
    return torch.randn(rows, columns, generator=generator)


class Rivals:
    """Every way to a value per unit; `chunk` is how many examples one call of autograd sees."""

    def __init__(self, model: Encoder) -> None:
        self.model = model
        self.parameters = {name: value.detach() for name, value in model.named_parameters()}
        self.signs = Signs()

    # One function of the parameters, for a batch and for one example.

    def logits(self, parameters: Parameters, x: Tensor, at: Tensor) -> Tensor:
        """[n, V] at the labelled places."""
        return functional_call(self.model, parameters, (x, None, at))

    def loss(self, parameters: Parameters, x: Tensor, at: Tensor, word: Tensor) -> Tensor:
        """Σ_i ℓ_i."""
        return F.cross_entropy(self.logits(parameters, x, at), word, reduction="sum")

    def one_loss(self, parameters: Parameters, x: Tensor, at: Tensor, word: Tensor) -> Tensor:
        """ℓ_i of a single example."""
        return self.loss(parameters, x[None], at[None], word[None])

    # Directions.

    def split(self, flat: Tensor) -> Parameters:
        """Cuts [..., P] into tensors shaped as the parameters, without a copy where it can."""
        parts = flat.split([p.numel() for p in self.parameters.values()], -1)
        return {name: part.reshape(*flat.shape[:-1], *p.shape) for (name, p), part in zip(self.parameters.items(), parts)}

    def directions(self, kind: Draw, rows: int, generator: torch.Generator) -> Parameters:
        """`rows` directions, the first axis of every tensor."""
        return self.split(kind(rows, sum(p.numel() for p in self.parameters.values()), generator))

    def shared(self, value: Value, chunk: int, kind: Draw) -> Values:
        """One direction for all examples given; the quadratic form is summed over chunks."""

        def values(examples: Examples, generator: torch.Generator) -> Tensor:
            direction = {name: part[0] for name, part in self.directions(kind, 1, generator).items()}
            return sum(value(part, direction) for part in chunks(examples, chunk)).detach()[None]

        return values

    def own(self, value: Value, chunk: int, kind: Draw) -> Values:
        """A direction of its own for every example."""

        def values(examples: Examples, generator: torch.Generator) -> Tensor:
            return torch.cat([value(part, self.directions(kind, len(part[0]), generator)).detach() for part in chunks(examples, chunk)])

        return values

    def labelled(self, value: Value, chunk: int) -> Values:
        """A label of its own for every example: the largest logit after Gumbel noise [n, V] is a draw from the softmax."""

        def values(examples: Examples, generator: torch.Generator) -> Tensor:
            noise = (-torch.empty(len(part[0]), self.model.head.out_features).exponential_(generator=generator).log() for part in chunks(examples, chunk))
            return torch.cat([value(part, gumbel).detach() for part, gumbel in zip(chunks(examples, chunk), noise)])

        return values

    # Hessian, one direction: vᵀ Σ∇²ℓ v.

    def double_backward(self, examples: Examples, direction: Parameters) -> Tensor:
        """Gradient with a graph, then its vector product backwards: the released way."""
        leaves = {name: value.detach().requires_grad_() for name, value in self.parameters.items()}
        gradient = torch.autograd.grad(self.loss(leaves, *examples), list(leaves.values()), create_graph=True)
        return inner(torch.autograd.grad(gradient, list(leaves.values()), list(direction.values())), direction.values())

    def forward_over_reverse(self, examples: Examples, direction: Parameters) -> Tensor:
        """Forward derivative of the gradient."""
        product = jvp(lambda p: grad(self.loss)(p, *examples), (self.parameters,), (direction,))[1]
        return inner(product.values(), direction.values())

    # Hessian, a direction per example.

    def own_forward_over_reverse(self, examples: Examples, directions: Parameters) -> Tensor:
        """vmap of one example's Hessian-vector product."""

        def one(x: Tensor, at: Tensor, word: Tensor, direction: Parameters) -> Tensor:
            product = jvp(lambda p: grad(self.one_loss)(p, x, at, word), (self.parameters,), (direction,))[1]
            return inner(product.values(), direction.values())

        return vmap(one)(*examples, directions)

    # Fisher, gradients of sampled labels: ‖∇ log p(c)‖², c ∼ p.

    def sampled_gradients(self, examples: Examples, gumbel: Tensor) -> Tensor:
        """torch.func's per-example gradients (the paper, Appendix B.1); the label is drawn in the same forward pass."""

        def one(parameters: Parameters, x: Tensor, at: Tensor, noise: Tensor) -> Tensor:
            z = self.logits(parameters, x[None], at[None])
            return F.cross_entropy(z, (z.detach() + noise).argmax(1))

        x, at, _ = examples
        gradients = vmap(grad(one), in_dims=(None, 0, 0, 0))(self.parameters, x, at, gumbel)
        return sum(torch.linalg.vector_norm(g.flatten(1), dim=1).square() for g in gradients.values())

    def ghost_norms(self, examples: Examples, gumbel: Tensor) -> Tensor:
        """The same norms without any gradient matrix: ‖Σ_t g_t a_tᵀ‖² = Σ_ts (g_t·g_s)(a_t·a_s) (Goodfellow 2015; Li et al. 2022)."""
        x, at, _ = examples
        seen: list[tuple[nn.Module, Tensor, Tensor]] = []
        modules = [m for m in self.model.modules() if isinstance(m, nn.Linear | nn.LayerNorm | nn.Embedding)]
        hooks = [m.register_forward_hook(lambda m, given, y: seen.append((m, given[0].detach(), y if y.requires_grad else y.requires_grad_()))) for m in modules]
        self.model.requires_grad_(False)
        try:
            z = self.model(x, None, at)
        finally:
            for hook in hooks:
                hook.remove()
            self.model.requires_grad_(True)
        label = (z.detach() + gumbel).argmax(1)
        gradients = torch.autograd.grad(F.cross_entropy(z, label, reduction="sum"), [y for _, _, y in seen])
        return sum(squared_norm(m, a, g) for (m, a, _), g in zip(seen, gradients))

    # Fisher, Gauss–Newton products: Var_p(J v).

    def gauss_newton(self, examples: Examples, direction: Parameters) -> Tensor:
        """Forward derivative of the logits, one direction for the batch."""
        x, at, _ = examples
        return variance(*jvp(lambda p: self.logits(p, x, at), (self.parameters,), (direction,))).sum()

    def own_gauss_newton(self, examples: Examples, directions: Parameters) -> Tensor:
        """vmap of the forward derivative, a direction per example."""

        def one(x: Tensor, at: Tensor, direction: Parameters) -> Tensor:
            return variance(*jvp(lambda p: self.logits(p, x[None], at[None]), (self.parameters,), (direction,)))[0]

        return vmap(one)(*examples[:2], directions)

    def forward(self, chunk: int) -> Values:
        """Losses alone: one plain forward pass."""

        def values(examples: Examples, _: torch.Generator) -> Tensor:
            with torch.inference_mode():
                return torch.cat([F.cross_entropy(self.model(x, None, at), word, reduction="none") for x, at, word in chunks(examples, chunk)])

        return values


def chunks(examples: Examples, size: int) -> Iterator[Examples]:
    """Cuts examples into pieces of at most `size`."""
    return zip(*(part.split(size) for part in examples))


def inner(a: Iterable[Tensor], b: Iterable[Tensor]) -> Tensor:
    """Σ a·b over two lists of tensors."""
    return sum(torch.dot(x.reshape(-1), y.reshape(-1)) for x, y in zip(a, b))


def variance(z: Tensor, dz: Tensor) -> Tensor:
    """Var_{c∼softmax z}(dz_c), row by row."""
    p = z.softmax(-1)
    return (p * (dz - (p * dz).sum(-1, keepdim=True)).square()).sum(-1)


def squared_norm(module: nn.Module, a: Tensor, g: Tensor) -> Tensor:
    """Squared norm [n] of each example's gradient of one module's parameters, from its input and its output's gradient."""
    if isinstance(module, nn.Linear) and a.ndim == 2:
        return (a.square().sum(1) + 1) * g.square().sum(1)
    if isinstance(module, nn.Linear):
        return ((a @ a.mT + 1) * (g @ g.mT)).sum((1, 2))
    if isinstance(module, nn.LayerNorm):
        scaled = F.layer_norm(a, module.normalized_shape, eps=module.eps) * g
        return sum((v if v.ndim == 2 else v.sum(1)).square().sum(1) for v in (scaled, g))
    # Word and position tables see the same gradient; every position occurs once.
    return ((a[:, :, None] == a[:, None, :]) * (g @ g.mT)).sum((1, 2)) + g.square().sum((1, 2))


@dataclass
class Way:
    """One implementation; `build(chunk)` gives its values. A compiled one keeps its chunk, for each size is compiled anew."""

    name: str
    build: Callable[[int], Values]
    chunk: int | None = None
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def cost(self) -> float:
        """Seconds of wall clock for a pass over the corpus, median."""
        return statistics.median(self.wall)

    def facts(self) -> dict[str, float | str | None]:
        """What is reported about time."""
        return {"way": self.name, "chunk": self.chunk, "secondsPerPass": self.cost(), "secondsLeast": min(self.wall), "processorSeconds": statistics.median(self.processor)}


@dataclass
class Estimator:
    """One source of randomness and the ways to compute it; `passes` = K."""

    name: str
    trace: Literal["hessian", "fisher"]
    unit: Literal["batch", "example"]
    passes: int
    ways: list[Way]
    values: Tensor | None = None

    def error(self) -> tuple[float, float, float]:
        """Sum over examples of one pass's estimate, its direction error, and that error's own relative error (module's formulas)."""
        s2 = self.values.var(0)
        k = len(self.values)
        df = (s2.sum() ** 2 / (s2.square().sum() / (k - 1))).item()
        return self.values.sum(1).mean().item(), s2.sum().sqrt().item(), 1 / math.sqrt(2 * df)


def estimators(rivals: Rivals) -> list[Estimator]:
    """All rivals, their ways from plain to fast. Compiling brings nothing to first derivatives, so only second ones are compiled."""

    def way(name: str, value: Value, build: Callable[..., Values], kind: Draw | None = None, chunk: int | None = None) -> Way:
        return Way(name, lambda size: build(value, size, kind) if kind else build(value, size), chunk)

    r = rivals
    fused = torch.compile(r.forward_over_reverse, dynamic=False)
    own_fused = torch.compile(r.own_forward_over_reverse, dynamic=False)
    return [
        Estimator("Hutchinson, Rademacher", "hessian", "batch", 4, [
            way("double backward", r.double_backward, r.shared, r.signs), way("jvp of grad", r.forward_over_reverse, r.shared, r.signs),
            way("jvp of grad, compiled", fused, r.shared, r.signs, COMPILED_CHUNK)]),
        Estimator("Hutchinson, Gaussian", "hessian", "batch", 4, [
            way("double backward", r.double_backward, r.shared, gaussian), way("jvp of grad, compiled", fused, r.shared, gaussian, COMPILED_CHUNK)]),
        Estimator("Hutchinson, Rademacher", "hessian", "example", 2, [
            way("vmap of jvp of grad", r.own_forward_over_reverse, r.own, r.signs), way("the same, compiled", own_fused, r.own, r.signs, COMPILED_CHUNK)]),
        Estimator("sampled labels", "fisher", "example", 8, [
            way("vmap of grad", r.sampled_gradients, r.labelled), way("ghost norms", r.ghost_norms, r.labelled)]),
        Estimator("Gauss-Newton, Rademacher", "fisher", "batch", 4, [way("jvp", r.gauss_newton, r.shared, r.signs)]),
        Estimator("Gauss-Newton, Rademacher", "fisher", "example", 2, [way("vmap of jvp", r.own_gauss_newton, r.own, r.signs)]),
    ]


def seconds(values: Values, corpus: Examples, generator: torch.Generator) -> tuple[float, float]:
    """Wall clock and processor time of a pass over the examples given, 128 at a time."""
    wall, processor = time.perf_counter(), time.process_time()
    for part in chunks(corpus, SHARED):
        values(part, generator)
    return time.perf_counter() - wall, time.process_time() - processor


def tune(way: Way, corpus: Examples, generator: torch.Generator) -> None:
    """Chooses the chunk: the fastest of a few, each timed after a warm-up."""
    few = tuple(part[:SHARED] for part in corpus)
    best = math.inf
    for chunk in (way.chunk,) if way.chunk else (8, 16, 32, 64, 128):
        values = way.build(chunk)
        values(tuple(part[:chunk] for part in few), generator)
        took = min(seconds(values, few, generator)[0] for _ in range(2))
        if took < best:
            best, way.chunk = took, chunk
        elif took > 1.15 * best:
            break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=Path("/tmp/plateau-bench"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved timings of every way")
    parser.add_argument("--timed", type=int, default=256, help="examples in one timing")
    parser.add_argument("--examples", type=int, default=None, help="use only the first few examples")
    parser.add_argument("--reference", type=int, default=0, help="further passes of the best estimator of each trace")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    generator = torch.Generator().manual_seed(options.seed)
    began = time.perf_counter()

    rivals = Rivals(read_model(options.dir))
    corpus = tuple(part[: options.examples] for part in read_corpus(options.dir / "corpus.jsonl"))
    n = len(corpus[0])
    timed = tuple(part[: options.timed] for part in corpus)
    forward = Way("forward pass", rivals.forward)
    table = estimators(rivals)
    ways = [forward, *(way for estimator in table for way in estimator.ways)]
    for way in ways:
        tune(way, corpus, generator)
    for _ in range(options.rounds):
        for way in ways:
            wall, processor = seconds(way.build(way.chunk), timed, generator)
            way.wall.append(wall * n / len(timed[0]))
            way.processor.append(processor * n / len(timed[0]))
    print(f"# tuned and timed after {time.perf_counter() - began:.0f} s", flush=True)

    def passes(estimator: Estimator, count: int) -> Tensor:
        way = min(estimator.ways, key=Way.cost)
        values = way.build(way.chunk)
        return torch.stack([torch.cat([values(part, generator).double() for part in chunks(corpus, SHARED)]) for _ in range(count)])

    for estimator in table:
        estimator.values = passes(estimator, estimator.passes)
    reference: dict[str, tuple[float, float]] = {}
    for trace in ("hessian", "fisher"):
        group = [estimator for estimator in table if estimator.trace == trace]
        if options.reference:
            best = min(group, key=lambda e: min(way.cost() for way in e.ways) * e.error()[1] ** 2)
            best.values = torch.cat([best.values, passes(best, options.reference)])
        weights = [len(e.values) / e.error()[1] ** 2 for e in group]
        mean = sum(w * e.error()[0] for w, e in zip(weights, group)) / sum(weights)
        reference[trace] = mean / n, sum(weights) ** -0.5 / n

    rows = [{"name": forward.name, **forward.facts()}]
    for estimator in table:
        total, error, doubt = estimator.error()
        value, _ = reference[estimator.trace]
        relative = error / n / value
        rows += [{
            "trace": estimator.trace, "name": estimator.name, "directionPer": SHARED if estimator.unit == "batch" else 1, **way.facts(), "passes": len(estimator.values),
            "estimate": total / n, "estimateError": error / n / math.sqrt(len(estimator.values)), "directionError": error / n,
            "relativeDirectionError": relative, "errorOfError": doubt,
            "secondsToOnePercent": way.cost() * relative**2 / 1e-4,
        } for way in estimator.ways]
    result = {
        "examples": n, "threads": options.threads, "torch": torch.__version__, "seed": options.seed, "rounds": options.rounds,
        "reference": {trace: {"value": value, "error": error} for trace, (value, error) in reference.items()}, "rivals": rows,
        "seconds": time.perf_counter() - began,
    }
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")

    print(f"{'trace':8s} {'estimator':25s} {'per':>3s} {'way':21s} {'chunk':>5s} {'s/pass':>7s} {'least':>7s} {'cpu':>7s} {'K':>3s} {'estimate':>10s} {'±':>7s} {'error':>7s} {'±':>4s} {'s to 1 %':>9s}")
    print(f"{'':8s} {forward.name:50s} {forward.chunk:6d} {rows[0]['secondsPerPass']:7.1f} {rows[0]['secondsLeast']:7.1f} {rows[0]['processorSeconds']:7.1f}")
    for r in rows[1:]:
        print(f"{r['trace']:8s} {r['name']:25s} {r['directionPer']:3d} {r['way']:21s} {r['chunk']:5d} {r['secondsPerPass']:7.1f} {r['secondsLeast']:7.1f} {r['processorSeconds']:7.1f} {r['passes']:3d} "
              f"{r['estimate']:10.3f} {r['estimateError']:7.3f} {r['relativeDirectionError']:7.2%} {r['errorOfError']:4.0%} {r['secondsToOnePercent']:9.1f}")
    for trace, (value, error) in reference.items():
        print(f"{trace} trace: {value:.4f} ± {error:.4f} ({error / value:.2%})")
    print(f"{result['seconds']:.0f} s")


if __name__ == "__main__":
    main()
