"""As much of Prometheus' language as it takes to say which metrics and labels a query names."""

import re
from typing import NamedTuple

FUNCTIONS = {
    "sum", "min", "max", "avg", "count", "rate", "increase", "deriv", "histogram_quantile", "min_over_time",
    "max_over_time", "predict_linear", "label_values", "changes",
}  # fmt: skip
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = {"and", "or", "unless", "offset", "bool"}
_TOKEN = re.compile(
    r"""\s+|"(?:[^"\\]|\\.)*"|\[[0-9a-z:$_]+\]|[0-9.]+(?:e[+-]?[0-9]+)?[smhdwy]?|[a-zA-Z_:][a-zA-Z0-9_:]*|=~|!~|!=|[<>=]=|."""
)


class Named(NamedTuple):
    """``selected``: metric to the labels of its matchers; ``grouped``: labels that are grouped by."""

    selected: dict[str, set[str]]
    grouped: set[str]


def named(query: str) -> Named:
    """Raises ValueError for a word that is nothing of these."""
    tokens = [token for token in _TOKEN.findall(query) if not token.isspace()]
    selected: dict[str, set[str]] = {}
    grouped: set[str] = set()
    at = 0
    while at < len(tokens):
        token, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
        at += 1
        if not re.match(r"[a-zA-Z_:]", token):
            continue
        if token in GROUPING:
            inside, at = _within(tokens, at, "(", ")")
            grouped |= set(inside)
        elif token in WORDS or (token in FUNCTIONS and following in ("(", *GROUPING)):
            continue
        elif following == "(":
            raise ValueError(f"{token} is no function that is known here")
        else:
            labels, at = _within(tokens, at, "{", "}") if following == "{" else ([], at)
            selected.setdefault(token, set()).update(labels)
    return Named(selected, grouped)


def _within(tokens: list[str], at: int, opens: str, closes: str) -> tuple[list[str], int]:
    """The names between two brackets, and where to go on."""
    assert tokens[at] == opens, tokens[at:]
    end = tokens.index(closes, at)
    return [token for token in tokens[at:end] if re.match(r"[a-zA-Z_]", token)], end + 1
