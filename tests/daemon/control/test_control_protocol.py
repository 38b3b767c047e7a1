"""What is said on the control socket: every verb there and back, every kind of nonsense refused in words."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.control import protocol as p
from daemon.control.exits import MEANINGS, Exit
from daemon.control.lines import LINE_BYTES_MAX, Lines, LineTooLong
from daemon.control.owning_asks import Line, Where
from daemon.control.protocol import Role

SAMPLES: dict[str, p.Ask] = {
    "status": p.AskStatus(),
    "health": p.AskHealth(level="deep"),
    "tenants": p.AskTenants(),
    "version": p.AskVersion(),
    "actor.tree": p.ActorTree(path="root/acme"),
    "actor.restart": p.ActorRestart(path="root/acme", dry_run=True),
    "cache.list": p.CacheList(),
    "target.list": p.TargetList(),
    "target.test": p.TargetTest(lane="acme/slack", channel="C1"),
    "route.test": p.RouteTest(tenant="acme", statement="{}"),
    "queue.list": p.QueueList(lane="acme/slack", state="unknown", limit=3),
    "queue.show": p.QueueShow(delivery="abcdef01"),
    "queue.forecast": p.QueueForecast(lane="acme/slack"),
    "queue.catchup": p.QueueCatchup(lane="acme/slack", how="latest", older_than_s=3600.0),
    "dlq.list": p.DlqList(cause="poison", whose="ours", since_s=60.0, unrouted="ALL"),
    "dlq.show": p.DlqShow(delivery="abcdef01"),
    "dlq.plan": p.DlqPlan(everything=True, unrouted="acme"),
    "dlq.annotate": p.DlqAnnotate(delivery="abcdef01", text="seen"),
    "sla": p.Sla(what="acme/done", late=True),
    "pilot.create": p.PilotCreate(tenant="acme", name="news", percent=5.0, persons=("mailto:a@b",)),
    "pilot.status": p.PilotStatus(tenant="acme", name="news"),
    "pilot.promote": p.PilotPromote(tenant="acme", name="news", accept_red="test accounts", dry_run=True),
    "pilot.stop": p.PilotStop(tenant="acme", name="news", to="nobody", why="wrong channel"),
    "forecast": p.Forecast(tenant="acme", events_per_day=20_000.0, people=5),
    "dlq.replay": p.DlqReplay(deliveries=("a", "b"), accept_double=True),
    "dlq.discard": p.DlqDiscard(everything=True, lane="acme/slack"),
    "why": p.Why(what="x"),
    "trace": p.Trace(what="x"),
    "pause": p.Pause(lane="acme/slack"),
    "resume": p.Resume(lane="acme/slack"),
    "drain": p.Drain(),
    "reload": p.Reload(dry_run=True),
    "config.check": p.ConfigCheck(),
    "config.show": p.ConfigShow(tenant="acme"),
    "retention.show": p.RetentionShow(tenant="acme"),
    "retention.run": p.RetentionRun(tenant="acme", dry_run=True),
    "retention.forecast": p.RetentionForecast(tenant="acme"),
    "backup": p.Backup(recipients=("-----BEGIN PUBLIC KEY-----",), dry_run=True),
    "verify": p.Verify(),
    "support": p.Support(dry_run=True),
    "source.list": p.SourceList(tenant="acme"),
    "source.pause": p.SourcePause(source="acme/campus", dry_run=True),
    "source.resume": p.SourceResume(source="acme/campus"),
    "source.sync": p.SourceSync(source="acme/campus", full=True, accept_removals=True, wait=True),
    "source.backfill": p.SourceBackfill(source="acme/campus", since="2026-09-01", announce=True),
    "credential.list": p.CredentialList(tenant="acme"),
    "credential.create": p.CredentialCreate(
        source="acme/campus", name="bi", scopes=("all/read",), rate_per_s=5.0, burst=9, expires_s=60.0
    ),
    "credential.rotate": p.CredentialRotate(names=("acme/bi",), overlap_s=0.0, dry_run=True),
    "credential.revoke": p.CredentialRevoke(names=("acme/bi", "acme/lms")),
    "export.begin": p.ExportBegin(tenant="acme", format="json", since_us=5),
    "import.lines": p.ImportLines(tenant="acme", source="campus", lines=(Line(1, "{}"), Line(2, staged="ab")), run="r"),
    "import.part": p.ImportPart(tenant="acme", sha2="ab" * 32, part=1, bytes=b"\x00\xff"),
    "erase.plan": p.ErasePlan(tenant="acme", persons=("mailto:ada@example.edu",)),
    "erase.run": p.EraseRun(tenant="acme", persons=("sha1:ab",), plan="9c41", dry_run=True),
    "erase.list": p.EraseList(tenant="acme"),
    "identity.find": p.IdentityFind(text="ada@example.edu", tenant="acme"),
    "identity.list": p.IdentityList(tenant="acme"),
    "identity.link": p.IdentityLink(one="acme/1", other="canvas/9", dry_run=True),
    "identity.unlink": p.IdentityUnlink(which="moodle/5"),
    "conflict.list": p.ConflictList(tenant="acme", class_="stranger"),
    "conflict.show": p.ConflictShow(names=("acme/17",)),
    "conflict.approve": p.ConflictApprove(names=("acme/17",), fix=2, like=True, dry_run=True),
    "conflict.reject": p.ConflictReject(names=("acme/17", "acme/18"), why="on purpose"),
    "conflict.undo": p.ConflictUndo(names=("acme/17",)),
    "quarantine.list": p.QuarantineList(source="acme/sis", rule="email", dismissed=True),
    "quarantine.show": p.QuarantineShow(records=("user/7",), source="acme/sis"),
    "quarantine.retry": p.QuarantineRetry(everything=True, rule="healed"),
    "quarantine.edit": p.QuarantineEdit(source="acme/sis", record="user/7", put=('a="b"',), removed=("c",)),
    "quarantine.dismiss": p.QuarantineDismiss(records=("user/7", "grade/8"), dry_run=True),
    "manifest": p.Manifest(platform="slack", tenant="acme", target="slack", name="School news"),
    "map.list": p.MapList(source="acme"),
    "map.show": p.MapShow(source="acme/sis", version=2),
    "map.test": p.MapTest(source="acme/sis", version=2, body="{}", entity="user", form="rest", name="7"),
    "map.diff": p.MapDiff(source="acme/sis", before=1, after=2, since_s=86_400.0),
    "map.activate": p.MapActivate(source="acme/sis", version=2, plan="9c41"),
    "map.rollback": p.MapRollback(source="acme/sis", dry_run=True),
    "export.page": p.ExportPage(tenant="acme", where=Where(after="7"), through_us=9),
    "whoami": p.AskWhoami(),
    "audit.list": p.AuditList(tenant="acme", who="ada", what="token", result="refused", since_us=5, limit=7),
    "audit.verify": p.AuditVerify(),
    "audit.export": p.AuditExport(tenant="acme"),
    "audit.anchor": p.AuditAnchor(dry_run=True),
    "conservation.list": p.ConservationList(tenant="acme", days=30, open=True),
    "conservation.verify": p.ConservationVerify(),
    "token.list": p.TokenList(tenant="acme"),
    "token.scopes": p.TokenScopes(name="acme/slack"),
    "token.rotate": p.TokenRotate(names=("acme/slack", "acme/teams:app"), dry_run=True),
    "token.revoke": p.TokenRevoke(names=("acme/slack",), reason="shared by mistake"),
    "secret.set": p.SecretSet(name="acme/slack-bot", value="xoxb-1"),
    "secret.list": p.SecretList(tenant="acme"),
    "secret.remove": p.SecretRemove(names=("acme/slack-bot", "entra"), dry_run=True),
    "vault.status": p.VaultStatus(),
    "vault.rotate": p.VaultRotate(tenants=("acme", "."), dry_run=True),
    "vault.unlock": p.VaultUnlock(),
    "vault.shred": p.VaultShred(tenant="acme"),
    "reconcile.plan": p.ReconcilePlan(tenant="acme", course="MATH-101"),
    "reconcile.show": p.ReconcileShow(hash="5f1c2d3e"),
    "reconcile.apply": p.ReconcileApply(hash="5f1c2d3e", dry_run=True),
    "reconcile.accept": p.ReconcileAccept(hash="5f1c2d3e"),
    "reconcile.run": p.ReconcileRun(tenant="acme", course="MATH-101"),
    "reconcile.report": p.ReconcileReport(tenant="acme", summary=True, drift_days=90),
    "reconcile.status": p.ReconcileStatus(tenant="acme"),
    "top": p.Top(tenant="acme", brief=True),
    "watch": p.Watch(what="acme/slack", states=("dead",), after=7, events=False, wait_s=0.0),
    "stats": p.Stats(tenant="acme", since_s=60.0, by="day"),
    "report": p.Report(tenant="acme"),
    "events": p.Events(tenant="acme", since_s=60.0, of=("outage",)),
    "alert.list": p.AlertList(tenant="acme"),
    "alert.test": p.AlertTest(tenant="acme", dry_run=True),
    "session.list": p.SessionList(tenant="acme"),
    "session.revoke": p.SessionRevoke(names=("acme/ALL",), dry_run=True),
}


EXPORTING = {"export.begin", "export.page", "erase.plan", "erase.list", "quarantine.show", "map.test"} | {
    "identity.find",
    "identity.list",
    "audit.list",
    "audit.verify",
    "audit.export",
    "session.list",
    "conflict.list",
    "conflict.show",
    "conservation.verify",
    "verify",
    "reconcile.plan",
    "reconcile.show",
    "reconcile.report",
}
"""It changes nothing, but everybody's names are in it, or it reads all there is."""
PUT_ON_RECORD = {"export.begin", "audit.export"}
"""They change nothing either, but who takes data along stands in the audit."""


def test_every_verb_has_a_sample() -> None:
    assert set(SAMPLES) == set(p.VERBS)


@pytest.mark.parametrize("verb", sorted(SAMPLES))
def test_every_verb_goes_there_and_back(verb: str) -> None:
    request = msgspec.structs.replace(SAMPLES[verb], id="7")
    line = p.encode(request)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert p.decode_request(line[:-1]) == request
    assert request.verb == verb


def test_only_what_changes_something_mutates_and_all_of_it_can_be_rehearsed() -> None:
    mutating = {verb for verb, kind in p.VERBS.items() if kind.mutates} - PUT_ON_RECORD
    assert mutating == {
        *("actor.restart", "target.test", "dlq.replay", "dlq.discard", "dlq.annotate", "queue.catchup"),
        *("pause", "resume", "drain", "reload", "retention.run", "import.lines", "import.part", "erase.run"),
        *("credential.create", "credential.rotate", "credential.revoke"),
        *("source.pause", "source.resume", "source.sync", "source.backfill"),
        *("identity.link", "identity.unlink"),
        *("conflict.approve", "conflict.reject", "conflict.undo"),
        *("pilot.create", "pilot.promote", "pilot.stop"),
        *("reconcile.apply", "reconcile.accept", "reconcile.run"),
        *("quarantine.retry", "quarantine.edit", "quarantine.dismiss", "map.activate", "map.rollback"),
        *("token.rotate", "token.revoke", "session.revoke", "alert.test", "backup", "support"),
        *("audit.anchor", "secret.set", "secret.remove", "vault.rotate", "vault.unlock", "vault.shred"),
    }
    assert {verb for verb, kind in p.VERBS.items() if "dry_run" in kind.__struct_fields__} == mutating
    assert {verb for verb, kind in p.VERBS.items() if kind.role > Role.VIEWER} == mutating | EXPORTING
    assert {verb for verb, kind in p.VERBS.items() if kind.role is Role.NOBODY} == {"whoami"}
    approvers = {"audit.list", "audit.verify", "pilot.promote", "conflict.approve", "conflict.reject", "conflict.undo"}
    approvers |= {"reconcile.accept", "support", "verify"}
    assert {verb for verb, kind in p.VERBS.items() if kind.role is Role.APPROVER} == approvers
    admins = {"drain", "credential.create", "credential.rotate", "credential.revoke"}
    admins |= {"erase.plan", "erase.run", "erase.list", "audit.export", "backup"}
    admins |= {"token.rotate", "token.revoke", "session.revoke"}
    admins |= {"secret.set", "secret.remove", "vault.rotate", "vault.unlock", "vault.shred"}
    assert {verb for verb, kind in p.VERBS.items() if kind.role is Role.ADMIN} == admins


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "not a control request"),
        (b"GET / HTTP/1.1", "not a control request"),
        (b"\xff\xfe\x00", "not a control request"),
        (b"[" * 100_000, "not a control request"),
        (b"null", "not a control request"),
        (b'{"v": 1}', "not a control request"),
        (b'{"v": "1", "verb": "status"}', "not a control request"),
        (b'{"v": 2, "verb": "status"}', "protocol version 2"),
        (b'{"v": 1, "verb": "reboot"}', "unknown verb 'reboot'"),
        (b'{"v": 1, "verb": "why"}', "missing required field `what`"),
        (b'{"v": 1, "verb": "why", "what": 3}', "$.what"),
        (b'{"v": 1, "verb": "status", "what": "x"}', "unknown field `what`"),
        (b'{"v": 1, "verb": "queue.list", "limit": 0}', "$.limit"),
        (b'{"v": 1, "verb": "queue.list", "limit": 1e9}', "$.limit"),
        (b'{"v": 1, "verb": "queue.list", "state": "lost"}', "$.state"),
        (b'{"v": 1, "verb": "pause", "lane": "' + b"x" * 400 + b'"}', "$.lane"),
    ],
)
def test_nonsense_is_refused_in_words(line: bytes, said: str) -> None:
    with pytest.raises(p.Refusal) as caught:
        p.decode_request(line)
    error = caught.value.reply()
    assert said in error.what
    assert error.exit_code == Exit.USAGE
    assert error.advice
    assert p.decode_reply(p.encode(error)) == error


def test_a_refusal_names_the_request_where_it_can() -> None:
    with pytest.raises(p.Refusal) as caught:
        p.decode_request(b'{"v": 9, "id": "42", "verb": "status"}')
    assert caught.value.reply().id == "42"


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(line: bytes) -> None:
    try:
        p.decode_request(line)
    except p.Refusal:
        pass


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.integers(1, 17))
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines: list[bytes], size: int) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    found = []
    buffer = Lines()
    for start in range(0, len(stream), size):
        buffer.feed(stream[start : start + size])
        while (line := buffer.next()) is not None:
            found.append(line)
    assert found == lines


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "endless"])
def test_a_line_without_end_is_cut_off(ended: bool) -> None:
    buffer = Lines()
    buffer.feed(b"x" * LINE_BYTES_MAX + b"\n")
    assert len(buffer.next() or b"") == LINE_BYTES_MAX
    buffer.feed(b"x" * (LINE_BYTES_MAX + 1) + (b"\n" if ended else b""))
    with pytest.raises(LineTooLong):
        buffer.next()
