"""What becomes of a vendor's word that our credentials died, while the store cannot be written."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from notes import Notes

from actors.domain.verdicts import Revoked
from actors.ports import StoreUnavailable
from actors.roles.surveying import Surveyor


class Heed:
    """Keeps what was lost, once the store can be written."""

    def __init__(self) -> None:
        self.writable = False
        self.kept: list[str] = []

    async def lost(self, why: str) -> None:
        await trio.lowlevel.checkpoint()
        if not self.writable:
            raise StoreUnavailable("the disk is full", 1)
        self.kept.append(why)


async def test_credentials_that_died_while_the_disk_was_full_are_told_once_it_is_not() -> None:
    heed, notes = Heed(), Notes()
    world = SimpleNamespace(
        dice=SimpleNamespace(random=lambda: 0.5), clock=SimpleNamespace(now_us=lambda: 0), witness=notes
    )
    listener = SimpleNamespace(lane="acme/slack", heed=heed)
    listening = SimpleNamespace(survey_s=300.0)
    surveyor = Surveyor(*cast(tuple[Any, ...], (listener, None, listening, (), world)))
    with pytest.raises(StoreUnavailable):
        await surveyor._failed(Revoked("token_revoked"))
    heed.writable = True
    for _ in range(2):
        await surveyor._failed(Revoked("token_revoked"))
    assert heed.kept == ["token_revoked"]
    assert [name for name, _ in notes.troubles] == ["listener.asking_failed"]
