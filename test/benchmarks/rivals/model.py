"""The model and corpus of the cost benchmark: a pre-LN encoder, briefly trained on a small language.

`python model.py --out DIR` writes `model.onnx` (opset 17), `corpus.jsonl` (one masked word an example),
`model.pt` (the torch state) and `model.json` (shape, losses). One thread and fixed seeds: the same files every time (times in `model.json` aside).
"""

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

MASK = 0
IGNORED = -100


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder; word 0 of the vocabulary is the mask."""

    vocabulary: int = 200
    tokens: int = 32
    layers: int = 4
    width: int = 256
    heads: int = 8
    inner: int = 1024


class Block(nn.Module):
    """Attention and feed-forward, each after its LayerNorm and around a residual path."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.attention_norm = nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.inner_norm = nn.LayerNorm(shape.width)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """x: [N, T, d]; bias: added to the attention scores, [N, 1, 1, T], or none. Plain matrix products, so that every kind of derivative exists."""
        n, t, d = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-1, -2) / math.sqrt(d // self.heads)
        if bias is not None:
            scores = scores + bias
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, d))
        return x + self.down(F.gelu(self.up(self.inner_norm(x))))


class Encoder(nn.Module):
    """Word and position tables, blocks, a last norm and an untied head."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.tokens, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.vocabulary)
        for table in (self.words, self.positions):
            nn.init.normal_(table.weight, std=0.1)

    def hidden(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """[N, T] words to [N, T, d] features; no mask means that every word is seen."""
        bias = None if attention_mask is None else (1 - attention_mask[:, None, None, :].to(self.norm.weight.dtype)) * -1e9
        x = self.words(input_ids) + self.positions.weight[: input_ids.shape[1]]
        for block in self.blocks:
            x = block(x, bias)
        return x

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, position: Tensor | None = None) -> Tensor:
        """Logits [N, T, V], or [N, V] where `position` [N] names the one labelled place of each example."""
        x = self.hidden(input_ids, attention_mask)
        if position is not None:
            x = x.gather(1, position[:, None, None].expand(-1, 1, x.shape[2]))[:, 0]
        return self.head(self.norm(x))


class Language:
    """A hidden Markov chain of 16 sticky states, each with 24 words under Zipf weights; states share words."""

    def __init__(self, vocabulary: int, seed: int, states: int = 16, words: int = 24, stay: float = 0.9) -> None:
        rng = np.random.default_rng(seed)
        self.transition = np.eye(states) * stay
        self.emission = np.zeros((states, vocabulary))
        for state in range(states):
            self.transition[state, rng.choice(states, 3, replace=False)] += (1 - stay) / 3
            weights = 1 / np.arange(1, words + 1)
            self.emission[state, rng.choice(np.arange(1, vocabulary), words, replace=False)] = weights / weights.sum()
        self.start = np.linalg.matrix_power(self.transition, 1000).mean(0)

    def sample(self, rng: np.random.Generator, sentences: int, tokens: int) -> np.ndarray:
        """Sentences as words [sentences, tokens]."""

        def draw(probability: np.ndarray) -> np.ndarray:
            return (probability.cumsum(1) < rng.random((len(probability), 1)) * (1 - 1e-12)).sum(1)

        state = draw(np.tile(self.start, (sentences, 1)))
        words = np.empty((sentences, tokens), np.int64)
        for t in range(tokens):
            words[:, t] = draw(self.emission[state])
            state = draw(self.transition[state])
        return words

    def masked_loss(self, words: np.ndarray, position: np.ndarray) -> float:
        """Mean −log probability of the word at `position` given all others: the least loss there is (forward–backward)."""
        likelihood = self.emission[:, words].transpose(1, 2, 0)
        likelihood[np.arange(len(words)), position] = 1
        forward, backward = np.empty_like(likelihood), np.ones_like(likelihood)
        last = words.shape[1] - 1
        ahead = np.tile(self.start, (len(words), 1))
        for t in range(last + 1):
            forward[:, t] = ahead
            ahead = (ahead * likelihood[:, t]) @ self.transition
            ahead /= ahead.sum(1, keepdims=True)
        for t in range(last, 0, -1):
            back = (backward[:, t] * likelihood[:, t]) @ self.transition.T
            backward[:, t - 1] = back / back.sum(1, keepdims=True)
        rows = np.arange(len(words))
        state = forward[rows, position] * backward[rows, position]
        state /= state.sum(1, keepdims=True)
        return float(-np.log((state @ self.emission)[rows, words[rows, position]]).mean())


def mask_words(rng: np.random.Generator, words: np.ndarray, count: int) -> tuple[Tensor, Tensor]:
    """Masks `count` places of every sentence: input words and places [n, count]."""
    places = rng.random(words.shape).argsort(1)[:, :count]
    masked = words.copy()
    np.put_along_axis(masked, places, MASK, 1)
    return torch.from_numpy(masked), torch.from_numpy(places)


def train(shape: Shape, language: Language, steps: int, batch: int, seed: int) -> Encoder:
    """AdamW, one cycle of the learning rate; four masked words a sentence, one in the last fifth (as the corpus has)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Encoder(shape)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        words = language.sample(rng, batch, shape.tokens)
        inputs, places = mask_words(rng, words, 4 if step < 0.8 * steps else 1)
        features = model.hidden(inputs)
        logits = model.head(model.norm(features.gather(1, places[:, :, None].expand(-1, -1, shape.width))))
        loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(words).gather(1, places).flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step:5d}  loss {loss.item():.3f}", flush=True)
    return model.eval()


def export(model: Encoder, example: Tensor, path: Path) -> None:
    """Writes ONNX at opset 17; weights that the exporter transposed and renamed get their parameter's name back."""
    axes = {"input_ids": {0: "batch", 1: "sequence"}, "attention_mask": {0: "batch", 1: "sequence"}, "logits": {0: "batch", 1: "sequence"}}
    torch.onnx.export(model, (example, torch.ones_like(example)), str(path), opset_version=17, dynamo=False,
                      input_names=["input_ids", "attention_mask"], output_names=["logits"], dynamic_axes=axes)
    proto = onnx.load(str(path))
    parameters = {name: value.detach().numpy() for name, value in model.named_parameters()}
    names: dict[str, str] = {}
    for tensor in proto.graph.initializer:
        if tensor.name in parameters:
            continue
        value = numpy_helper.to_array(tensor)
        for name, parameter in parameters.items():
            if value.ndim == 2 and value.shape == parameter.shape[::-1] and np.array_equal(value, parameter.T):
                names[tensor.name] = tensor.name = name
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def read_corpus(path: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs [N, T], the labelled place [N] and its word [N]."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    labels = torch.tensor([row["labels"] for row in rows])
    place = (labels != IGNORED).long().argmax(1)
    return torch.tensor([row["input_ids"] for row in rows]), place, labels.gather(1, place[:, None])[:, 0]


def read_model(folder: Path) -> Encoder:
    """The trained encoder of a folder written by this script."""
    model = Encoder(Shape())
    model.load_state_dict(torch.load(folder / "model.pt"))
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("/tmp/plateau-bench"))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--examples", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.time()

    shape = Shape()
    language = Language(shape.vocabulary, options.seed)
    model = train(shape, language, options.steps, options.batch, options.seed)
    trained = time.time() - began

    rng = np.random.default_rng(options.seed + 1000)
    words = language.sample(rng, options.examples, shape.tokens)
    inputs, places = mask_words(rng, words, 1)
    truth = torch.from_numpy(words)
    labels = torch.full_like(truth, IGNORED).scatter(1, places, truth.gather(1, places))
    with (options.out / "corpus.jsonl").open("w") as file:
        for row, label in zip(inputs.tolist(), labels.tolist()):
            file.write(json.dumps({"input_ids": row, "labels": label, "attention_mask": [1] * shape.tokens}) + "\n")

    torch.save(model.state_dict(), options.out / "model.pt")
    export(model, inputs[:2], options.out / "model.onnx")
    with torch.no_grad():
        chunks = zip(inputs.split(250), places[:, 0].split(250), truth.gather(1, places)[:, 0].split(250))
        loss = sum(F.cross_entropy(model(x, None, at), word, reduction="sum").item() for x, at, word in chunks) / options.examples
    unigram = language.start @ language.emission
    unigram = unigram[unigram > 0]
    facts = {
        **asdict(shape), "parameters": sum(p.numel() for p in model.parameters()), "examples": options.examples, "seed": options.seed,
        "steps": options.steps, "batch": options.batch, "loss": loss, "optimal": language.masked_loss(words, places[:, 0].numpy()),
        "unigram": float(-(unigram * np.log(unigram)).sum()), "trainingSeconds": round(trained, 1), "seconds": round(time.time() - began, 1),
    }
    (options.out / "model.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
