"""A click that cannot be acted on is noted and gone past: it does not come again without end."""

from types import SimpleNamespace
from typing import Any, cast

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


async def test_a_click_that_breaks_is_noted_and_gone_past() -> None:
    said = Said()

    async def unseal(*_: object) -> bytes:
        return b""

    clock = SimpleNamespace(now_us=lambda: 0)
    world = SimpleNamespace(cards=said, audit=said, conflicts=said, witness=said, clock=clock, unseal=unseal)
    listening = SimpleNamespace(pressed=lambda form, body: [f"conflict:1:undo:{'0' * 16}"])
    target = SimpleNamespace(kind="slack", rostering=None, listening=listening)
    review = Review(to="slack", channel="C1", reviewers=("ann@x.org",))
    await Pressing("acme", review, cast("Any", target), cast("Any", world)).heed()
    assert said.calls == [
        ("concluded", ("acme", 3, "failed", "ValueError")),
        ("review.click_failed", (ValueError,)),
    ]
    assert said.left == []
