"""A click that cannot be acted on is noted and gone past: it does not come again without end. What passes is
waited for."""

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.domain.verdicts import Cause, Refused, Throttled
from actors.ports import StoreUnavailable
from actors.ports.cards import Click
from actors.ports.rostering import Failure
from actors.roles.pressing import WAITS_US, Pressing
from config.rosters import Review


class Said:
    """Whatever is called on it is noted; a decision fails."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.known = ["ann@x.org"]
        self.left = [Click(seq=7, id="c", form="f", person="U1", body=b"", at_us=0)]

    async def clicks(self, lane: str, limit: int) -> list[Click]:
        return list(self.left)

    async def heeded(self, lane: str, seq: int) -> None:
        self.left.clear()

    async def known_as(self, lane: str, person: str) -> list[str]:
        return self.known

    def event(self, event: str, **_: object) -> None:
        self.calls.append((event, ()))

    def refused(self, tenant: str, deed: object, why: str) -> None:
        self.calls.append(("refused", (why,)))

    async def intend(self, tenant: str, deed: object) -> int:
        return 3

    async def conclude(self, *told: Any) -> None:
        self.calls.append(("concluded", told))

    async def undo(self, *_: object, mark: str) -> None:
        raise ValueError(mark)

    def trouble(self, event: str, error: Exception, **_: object) -> None:
        self.calls.append((event, (type(error),)))


class Sealed:
    """Opens clicks, or cannot; so does who reads them."""

    def __init__(self, opens: Exception | None = None, reads: Exception | None = None) -> None:
        self._opens, self._reads = opens, reads

    async def unseal(self, *_: object) -> bytes:
        if self._opens is not None:
            raise self._opens
        return b""

    def pressed(self, form: str, body: bytes) -> list[str]:
        if self._reads is not None:
            raise self._reads
        return [f"conflict:1:undo:{'0' * 16}-0"]


async def heeded(said: Said, sealed: Sealed) -> None:
    clock = SimpleNamespace(now_us=lambda: 0)
    world = SimpleNamespace(cards=said, audit=said, conflicts=said, witness=said, clock=clock, unseal=sealed.unseal)
    target = SimpleNamespace(kind="slack", rostering=None, listening=sealed)
    review = Review(to="slack", channel="C1", reviewers=("ann@x.org",))
    await Pressing("acme", review, cast("Any", target), cast("Any", world)).heed()


async def test_a_click_that_breaks_is_noted_and_gone_past() -> None:
    said = Said()
    await heeded(said, Sealed())
    assert said.calls == [
        ("concluded", ("acme", 3, "failed", "ValueError")),
        ("review.click_failed", (ValueError,)),
    ]
    assert said.left == []


@pytest.mark.parametrize("sealed", [Sealed(opens=ValueError("x")), Sealed(reads=KeyError("x"))], ids=["opens", "reads"])
async def test_a_click_that_cannot_be_read_is_noted_and_gone_past(sealed: Sealed) -> None:
    said = Said()
    await heeded(said, sealed)
    assert [each[0] for each in said.calls] == ["review.click_failed"]
    assert said.left == []


async def test_a_click_waits_while_the_vault_is_locked() -> None:
    said = Said()
    with pytest.raises(StoreUnavailable):
        await heeded(said, Sealed(opens=StoreUnavailable("locked")))
    assert len(said.left) == 1


class Busy:
    """Says who somebody is, only not now."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure

    def look_up(self, emails: list[str]) -> Generator[Any, Any, Failure]:
        yield from ()
        return self._failure


async def asked(said: Said, failure: Failure, now_us: int) -> None:
    """Heeded, where the vendor must be asked who pressed it."""
    said.known = []
    sealed = Sealed()
    clock = SimpleNamespace(now_us=lambda: now_us)
    board = SimpleNamespace(pacers={})
    parts = {"cards": said, "audit": said, "witness": said, "clock": clock, "switchboard": board, "http": object}
    world = SimpleNamespace(**parts, unseal=sealed.unseal)
    target = SimpleNamespace(
        kind="slack", rostering=Busy(failure), listening=sealed, rate=None, bundler=None, prepare=lambda **_: None
    )
    review = Review(to="slack", channel="C1", reviewers=("ann@x.org",))
    await Pressing("acme", review, cast("Any", target), cast("Any", world)).heed()


async def test_a_click_waits_while_the_vendor_has_no_time_to_say_who_pressed_it() -> None:
    said = Said()
    await asked(said, Throttled("3600"), WAITS_US - 1)
    assert (said.calls, len(said.left)) == ([], 1)


@pytest.mark.parametrize(
    ("failure", "now_us"),
    [(Throttled("3600"), WAITS_US), (Refused(Cause.MISSING_PERMISSION, "users:read.email"), 0)],
    ids=["for too long", "it never will"],
)
async def test_a_click_whose_hand_stays_unknown_is_noted_and_gone_past(failure: Failure, now_us: int) -> None:
    said = Said()
    await asked(said, failure, now_us)
    assert [each[0] for each in said.calls] == ["review.not_looked_up", "refused", "review.refused"]
    assert said.calls[1][1] == ("the vendor did not say who they are",)
    assert said.left == []
