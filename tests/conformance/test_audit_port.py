"""The port to the audit: the store's, and the one that tests have in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from audit_double import RememberedAudit
from audited_store import audited, deed
from gateway_world import World

from actors.ports import Audit, StoreUnavailable
from actors.ports.audit import HOST
from daemon.store.audit import SqlAudit
from daemon.store.audit_asking import Asked, deeds


@pytest.fixture(params=["store", "memory"])
async def audit(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Audit]:
    if request.param == "memory":
        yield World().audit
        return
    async with audited(tmp_path / "a.db") as store:
        yield store.audit


async def seen(audit: Audit) -> list[tuple[str, str, str]]:
    """(tenant, what, result) of all deeds in order; the result empty where there is none."""
    match audit:
        case SqlAudit():
            await audit.flush(all_of_them=True)
            found = await audit.read(lambda raw: deeds(raw, Asked(), 0, 1 << 40, 100))
            return [(each.tenant, each.what, each.result) for each in reversed(found)]
        case RememberedAudit():
            ended = {id(each.deed): str(each.result) for each in audit.told if each.how == "concluded"}
            return [
                (each.tenant, each.deed.what, str(each.result or ended.get(id(each.deed), "")))
                for each in audit.told
                if each.how != "concluded"
            ]
        case _:
            raise AssertionError(audit)


def fill(audit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes nothing more."""

    async def full(_job: object) -> None:
        raise StoreUnavailable("the disk is full")

    if isinstance(audit, RememberedAudit):
        audit.full = True
    else:
        monkeypatch.setattr(audit, "_submit", full)
        monkeypatch.setattr(audit, "_firmly", full)


async def test_what_is_intended_is_concluded_once(audit: Audit) -> None:
    first = await audit.intend("acme", deed("pause"))
    second = await audit.intend("acme", deed("resume"))
    third = await audit.intend(HOST, deed("drain"))
    assert first != second
    await audit.conclude("acme", second, "failed", "no such lane")
    await audit.conclude(HOST, third, "done")
    assert await seen(audit) == [("acme", "pause", ""), ("acme", "resume", "failed"), (HOST, "drain", "done")]
    for tenant, number in (("acme", second), ("globex", first), ("acme", 4_711)):
        with pytest.raises(ValueError, match="nothing was intended"):
            await audit.conclude(tenant, number, "done")


async def test_what_has_happened_and_who_was_refused(audit: Audit) -> None:
    await audit.note("acme", deed("session.began", "oidc:1"))
    await audit.note("acme", deed("token.lost"), "failed", "consent was withdrawn")
    audit.refused("acme", deed("gateway.refused", "unknown"), "credentials")
    assert await seen(audit) == [
        ("acme", "session.began", "done"),
        ("acme", "token.lost", "failed"),
        ("acme", "gateway.refused", "refused"),
    ]


async def test_a_full_disk_is_told_to_whoever_waits_and_to_nobody_else(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await audit.intend("acme", deed())
    fill(audit, monkeypatch)
    audit.refused("acme", deed("gateway.refused", "unknown"), "credentials")
    for refused in (audit.intend("acme", deed()), audit.note("acme", deed()), audit.conclude("acme", number, "done")):
        with pytest.raises(StoreUnavailable):
            await refused
