"""Rows about what was only tried: a target, a statement's routing. ``views`` re-exports them."""

import msgspec

from daemon.control.view import View


class ExchangeRow(View, frozen=True, kw_only=True, tag="exchange"):
    """One request to a vendor and what came of it."""

    operation: str
    outcome: str
    elapsed_ms: float
    request_ids: dict[str, str] = msgspec.field(default_factory=dict)


class TestRow(View, frozen=True, kw_only=True, tag="test"):
    """A target tried. ``what`` is ``credentials`` or ``post``."""

    __test__ = False  # pytest: not a class of tests

    lane: str
    what: str
    verdict: str
    detail: str = ""
    destination: str = ""
    delivery_id: str = ""
    receipt: dict[str, str] = msgspec.field(default_factory=dict)
    dry_run: bool = False
    payload: dict[str, object] = msgspec.field(default_factory=dict)


class JudgementRow(View, frozen=True, kw_only=True, tag="judgement"):
    """What the router would make of a statement."""

    statement: str
    change: str = ""
    about: str = ""
    reason: str = ""
    explanation: str = ""
    occurrence: int = 0


class PreviewRow(View, frozen=True, kw_only=True, tag="preview"):
    """A post that would be made. ``repeated``: it would not, because the effect is in the ledger already."""

    lane: str
    route: str
    audience: str
    destination: str
    repeated: bool = False
    delivery_id: str = ""
    refused: str = ""
    detail: str = ""
    payload: dict[str, object] = msgspec.field(default_factory=dict)
