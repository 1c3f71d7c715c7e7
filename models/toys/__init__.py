"""Tiny random-weight models and the graph patterns that exporters make of them."""
