"""A request in the words of the audit: whose it is, on what, with which arguments, and never a secret."""

from typing import Any

import pytest

from actors.ports.audit import HOST
from daemon.control import protocol as p
from daemon.control.ask import Change
from daemon.control.deeds import acts, deed_of, result_of, tenant_of, told
from daemon.control.exits import Exit
from daemon.control.owning_asks import Line
from daemon.control.roles import Peer

ADA = Peer(pid=7, uid=1000, gids=frozenset(), login="ada")
BOTH = ("acme", "globex")


class Keep(Change, frozen=True, kw_only=True, tag="test.keep"):
    """A verb with a secret among its fields."""

    name: str
    value: str = ""
    token: str = ""


@pytest.mark.parametrize(
    ("request_", "tenant", "on"),
    [
        (p.Pause(lane="acme/slack"), "acme", "acme/slack"),
        (p.SourceSync(source="globex/sis"), "globex", "globex/sis"),
        (p.RetentionRun(tenant="acme"), "acme", "acme"),
        (p.CredentialRotate(names=("acme/a", "acme/b")), "acme", "acme/a, acme/b"),
        (p.CredentialRotate(names=("acme/a", "globex/b")), HOST, "acme/a, globex/b"),
        (p.Pause(lane="stranger/slack"), HOST, "stranger/slack"),
        (p.Pause(lane="acme"), HOST, "acme"),
        (p.Drain(), HOST, ""),
        (p.Reload(), HOST, ""),
        (p.ActorRestart(path="root/acme/router"), HOST, "root/acme/router"),
        (p.DlqDiscard(deliveries=("3f2a91c0",)), HOST, "3f2a91c0"),
        (p.DlqReplay(everything=True, unrouted="globex"), "globex", ""),
        (p.IdentityLink(one="moodle/1", other="canvas/2", tenant="globex"), "globex", "globex"),
        (p.IdentityLink(one="moodle/1", other="canvas/2"), HOST, ""),
        (p.EraseRun(tenant="acme", persons=("mailto:ada@example.edu",), sure=True), "acme", "acme"),
    ],
    ids=lambda value: value.verb if isinstance(value, p.Ask) else None,
)
def test_whose_it_is_and_on_what(request_: Any, tenant: str, on: str) -> None:
    assert tenant_of(request_, BOTH) == tenant
    deed = deed_of(ADA, request_, "c-1")
    assert (deed.who, deed.where, deed.what) == ("ada (uid 1000)", "control socket, pid 7", request_.verb)
    assert (deed.on, deed.correlation_id) == (on, "c-1")
    assert "ada@example.edu" not in repr(deed)


def test_where_there_is_one_tenant_who_names_none_means_that() -> None:
    request = p.IdentityUnlink(which="moodle/1")
    assert (tenant_of(request, ["acme"]), tenant_of(request, BOTH), tenant_of(request, [])) == ("acme", HOST, HOST)
    assert tenant_of(p.Drain(), ["acme"]) == HOST


def test_only_what_was_said_is_told_and_no_secret() -> None:
    request = Keep(name="acme-slack", value="xoxb-canary", token="t0ken")
    deed = deed_of(ADA, request)
    assert deed.arguments == {"name": "acme-slack", "value": "***", "token": "***"}
    assert deed_of(ADA, Keep(name="acme-slack")).arguments == {"name": "acme-slack"}
    assert told(Keep(name="x"))["value"] == "", "the log has what was left out too"


def test_what_is_long_is_not_told() -> None:
    lines = tuple(Line(at=n, text="x" * 100) for n in range(100))
    deed = deed_of(ADA, p.ImportLines(tenant="acme", source="acme/campus", lines=lines, run="r-1"))
    assert deed.arguments == {"tenant": "acme", "source": "acme/campus", "run": "r-1"}


def test_a_rehearsal_does_nothing_and_whoever_takes_data_along_does() -> None:
    assert [acts(p.Drain()), acts(p.Drain(dry_run=True))] == [True, False]
    assert [acts(p.AskStatus()), acts(p.ExportBegin(tenant="acme")), acts(p.AuditExport())] == [False, True, True]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (p.Done(), "done"),
        (p.Done(exit_code=Exit.DEGRADED), "done"),
        (p.Done(exit_code=Exit.NOTHING), "done"),
        (p.Done(exit_code=Exit.BAD_CONFIGURATION), "failed"),
        (p.Done(exit_code=Exit.AGAIN), "failed"),
        (p.Error(exit_code=Exit.STALE, what="x"), "refused"),
        (p.Error(exit_code=Exit.NOTHING, what="x"), "refused"),
        (p.Error(exit_code=Exit.FORBIDDEN, what="x"), "refused"),
        (p.Error(exit_code=Exit.FAILURE, what="x"), "failed"),
        (p.Error(exit_code=Exit.AGAIN, what="x"), "failed"),
    ],
)
def test_how_it_ended_in_one_word(reply: p.Done | p.Error, result: str) -> None:
    assert result_of(reply) == result
