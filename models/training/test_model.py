"""The forms that train fast compute what the exported form does."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from .batches import DOWNSTREAM, Batch, draw, draw_exact, draw_labelled, labelled
from .corpora import load_conditionals, load_corpus
from .model import Shape, Transformer
from .testing import make_language


def shape(causal: bool) -> Shape:
    return Shape(vocabulary=12, positions=9, width=16, layers=2, heads=4, inner=24, causal=causal)


class Forms(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        torch.manual_seed(0)

    def exported(self, model: Transformer, batch: Batch) -> torch.Tensor:
        """Logits where the batch predicts, one sentence after the other through the exported form."""
        lengths = [length for count, length in batch.groups for _ in range(count)]
        logits = []
        for ids in batch.ids.split(lengths):
            # Padding must not matter.
            padded = torch.cat([ids, torch.zeros(9 - len(ids), dtype=torch.int64)])[None]
            mask = (torch.arange(9) < len(ids)).long()[None]
            logits.append(model(padded, mask)[0, : len(ids)])
        return torch.cat(logits)[batch.rows]

    def test_packed_and_padded(self) -> None:
        for objective in ("mlm", "clm"):
            language = make_language(self.folder / objective, objective)
            corpus = load_corpus(language.folder / "train.jsonl", language, self.folder / "cache" / objective)
            model = Transformer(shape(objective == "clm")).double()
            batch = draw(corpus, language, 50, seed=1, step=7)
            assert batch.one_each == (objective == "mlm")
            expected = self.exported(model, batch)
            torch.testing.assert_close(model.predictions(batch), expected)
            torch.testing.assert_close(model.head(model.padded_hidden(batch, only_rows=True)), expected)

    def test_labels_that_some_sentences_lack(self) -> None:
        language = make_language(self.folder)
        path = self.folder / "odd.jsonl"
        path.write_text(
            '{"input_ids":[1,3,1],"labels":[4,-100,5]}\n{"input_ids":[2,3,4,5,0],"labels":[-100,-100,-100,-100,-100]}\n'
        )
        batch = labelled(load_corpus(path, language, self.folder / "cache"), np.arange(2), "mlm")
        assert batch.groups == [(1, 3), (1, 4)] and batch.rows.tolist() == [0, 2] and not batch.one_each
        model = Transformer(shape(False)).double()
        torch.testing.assert_close(model.predictions(batch), self.exported(model, batch))

    def test_targets(self) -> None:
        language = make_language(self.folder)
        cache = self.folder / "cache"
        corpus = load_corpus(self.folder / "train.jsonl", language, cache)
        batch = draw(corpus, language, 64, seed=1, step=3)
        assert (batch.ids[batch.rows] == language.mask).all() and (batch.ids == language.mask).sum() == 64
        again = draw(corpus, language, 64, seed=1, step=3)
        assert torch.equal(batch.ids, again.ids) and torch.equal(batch.targets, again.targets)
        assert not torch.equal(batch.targets, draw(corpus, language, 64, seed=1, step=4).targets)
        restored = batch.ids.clone()
        restored[batch.rows] = batch.targets
        sentences = {tuple(ids[:length].tolist()) for ids, length in zip(corpus.ids, corpus.lengths, strict=True)}
        lengths = [length for count, length in batch.groups for _ in range(count)]
        assert all(tuple(ids.tolist()) in sentences for ids in restored.split(lengths))

        exact = load_corpus(self.folder / "exact.jsonl", language, cache)
        rows = load_conditionals(self.folder / "exact.f32", len(exact), language.vocabulary)
        soft = draw_exact(exact, rows, 64, seed=1, step=3)
        torch.testing.assert_close(soft.targets.sum(1), torch.ones(64))
        labels = exact.labels[soft.chosen]
        assert (soft.targets[torch.arange(64), torch.from_numpy(labels[labels >= 0]).long()] > 0).all()

    def test_next_words(self) -> None:
        language = make_language(self.folder, "clm")
        corpus = load_corpus(self.folder / "train.jsonl", language, self.folder / "cache")
        batch = draw(corpus, language, 20, seed=1, step=0)
        lengths = torch.tensor([length for count, length in batch.groups for _ in range(count)])
        assert len(batch.rows) == int((lengths - 1).sum())
        assert torch.equal(batch.ids[batch.rows + 1], batch.targets)
        assert torch.equal(batch.places[batch.rows + 1], batch.places[batch.rows] + 1)

    def test_concatenated_features(self) -> None:
        language = make_language(self.folder)
        corpus = load_corpus(self.folder / "tasks/first.jsonl", language, self.folder / "cache")
        batch = draw_labelled(corpus, 20, 1, 5, DOWNSTREAM)
        model = Transformer(shape(False)).double()
        features = model.concatenated(batch)
        assert features.shape == (20, 9 * 16)
        ids = torch.from_numpy(corpus.ids[batch.chosen]).long()
        mask = (torch.arange(9) < torch.from_numpy(corpus.lengths[batch.chosen])[:, None]).long()
        expected = model.hidden(ids, mask) * mask[..., None]
        torch.testing.assert_close(features, expected.flatten(1))
        assert torch.equal(batch.targets, torch.from_numpy(corpus.classes[batch.chosen]))


if __name__ == "__main__":
    unittest.main()
