"""The larger model computes what the small one does."""

import unittest

import torch

from .errors import TrainingError
from .model import Shape, Transformer
from .widening import largest_logit_difference, widened, wider_shape


def trained_looking(causal: bool = False) -> Transformer:
    """Every parameter random, those included that start as 0 or 1, and attention far from uniform."""
    torch.manual_seed(3)
    model = Transformer(Shape(vocabulary=20, positions=9, width=12, layers=2, heads=2, inner=30, causal=causal))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


class Widening(unittest.TestCase):
    def test_logits_stay(self) -> None:
        for causal in (False, True):
            small = trained_looking(causal)
            for width, heads, inner, layers in (
                (24, None, None, None),
                (36, None, None, None),
                (24, 2, None, None),
                (48, 4, None, None),
                (24, None, 47, None),
                (48, 8, 100, 5),
                (12, None, None, 3),
            ):
                with self.subTest(causal=causal, width=width, heads=heads, inner=inner, layers=layers):
                    large = widened(small, wider_shape(small.shape, width, heads, inner, layers))
                    assert large.words.weight.shape[1] == width
                    difference = largest_logit_difference(small, large)
                    assert difference < 1e-5, difference

    def test_the_comparison_can_fail(self) -> None:
        small = trained_looking()
        large = widened(small, wider_shape(small.shape, 24, None, None, None))
        with torch.no_grad():
            large.layers[1].attention.query.weight.mul_(1.01)
        assert largest_logit_difference(small, large) > 1e-4

    def test_impossible_shapes_are_refused(self) -> None:
        shape = trained_looking().shape
        for width, heads, inner, layers in ((30, None, None, None), (24, 3, None, None), (24, None, 20, None)):
            with self.assertRaises(TrainingError):
                wider_shape(shape, width, heads, inner, layers)
        with self.assertRaises(TrainingError):
            wider_shape(shape, 24, None, None, 1)
        with self.assertRaises(TrainingError):
            wider_shape(shape, 6, None, None, None)


if __name__ == "__main__":
    unittest.main()
