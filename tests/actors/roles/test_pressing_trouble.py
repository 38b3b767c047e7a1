"""A click that cannot be acted on is noted and gone past: it does not come again without end."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.ports import StoreUnavailable
from actors.ports.cards import Click
from actors.roles.pressing import Pressing
from config.rosters import Review


class Said:
    """Whatever is called on it is noted; a decision fails."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.left = [Click(seq=7, id="c", form="f", person="U1", body=b"", at_us=0)]

    async def clicks(self, lane: str, limit: int) -> list[Click]:
        return list(self.left)

    async def heeded(self, lane: str, seq: int) -> None:
        self.left.clear()

    async def known_as(self, lane: str, person: str) -> list[str]:
        return ["ann@x.org"]

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
