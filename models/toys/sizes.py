"""The one size all toy models share, small enough to keep exports in a repository."""

VOCABULARY = 40
HIDDEN = 16
LAYERS = 2
HEADS = 2
# Differs from every other size, so that a tensor is recognised by its shape.
INNER = 24
POSITIONS = 32
