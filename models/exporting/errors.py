"""How exporting fails, and how it says so."""


class ExportError(Exception):
    """Something about the model or its files stands in the way; the message says what and what to do."""


def one_line(error: BaseException) -> str:
    """The start of the message of what an error was first caused by, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"


def shortened(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
