"""What operators ask about records that failed validation. ``asks`` re-exports them."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Ids, Limit, Role, Word

SETTINGS_MAX = 50
SETTING_CHARS_MAX = 10_000


class QuarantineList(Ask, frozen=True, kw_only=True, tag="quarantine.list"):
    """``source`` is TENANT/SOURCE, empty: all of them. ``rule``: only those that fail it. ``dismissed``: those too that
    a person left as they are."""

    source: Word = ""
    rule: Word = ""
    dismissed: bool = False
    limit: Limit = 50


class QuarantineShow(Ask, frozen=True, kw_only=True, tag="quarantine.show"):
    """``records`` are ENTITY/ID each. All that a source tells of somebody is in it."""

    records: Ids
    source: Word = ""

    role = Role.OPERATOR


class Quarantined(Change, frozen=True, kw_only=True):
    """Some by ENTITY/ID, or with ``everything`` all of them; ``source`` and ``rule`` narrow either."""

    records: Ids = ()
    everything: bool = False
    source: Word = ""
    rule: Word = ""


class QuarantineRetry(Quarantined, frozen=True, kw_only=True, tag="quarantine.retry"):
    pass


class QuarantineDismiss(Quarantined, frozen=True, kw_only=True, tag="quarantine.dismiss"):
    pass


class QuarantineEdit(Change, frozen=True, kw_only=True, tag="quarantine.edit"):
    """``put`` are PATH=JSON each, ``removed`` paths of corrections that are taken away."""

    source: Word
    record: Word
    put: Annotated[tuple[Annotated[str, Meta(max_length=SETTING_CHARS_MAX)], ...], Meta(max_length=SETTINGS_MAX)] = ()
    removed: Annotated[tuple[Word, ...], Meta(max_length=SETTINGS_MAX)] = ()
