"""How training fails, and how it says so."""


class TrainingError(Exception):
    """Something about recipes, corpora or saved states stands in the way; the message says what and what to do."""
