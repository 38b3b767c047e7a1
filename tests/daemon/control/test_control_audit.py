"""Nothing is changed that is not in the audit first; what is there can be listed, proven and taken along."""

import re
from pathlib import Path

import msgspec
import pytest
import trio
from audited_store import DAY_US, damage
from checkout import TOP
from control_office import PEER
from control_office import ask as answer
from control_socket import ask, refusal, run_ctl, served, wire

from actors.ports import StoreUnavailable
from actors.ports.audit import HOST
from config.auditing import AuditWords
from config.model import Daemon
from daemon.control import protocol as p
from daemon.control import roles, server
from daemon.control.exits import Exit
from daemon.control.protocol import Refusal
from daemon.control.roles import Peer, granted
from daemon.control.views import AnyView, AuditRow, ProvenRow, decode_view
from daemon.store.audit_floods import ALIKE_MAX

GROUPS = {"watchers": 701, "operators": 702, "approvers": 703}


def stranger(monkeypatch: pytest.MonkeyPatch, *gids: int) -> None:
    """The peer is somebody else, in these groups."""
    monkeypatch.setattr(roles, "group_id", GROUPS.get)
    peer = Peer(pid=9, uid=1234, gids=frozenset(gids), login="eve")
    monkeypatch.setattr(server, "peer_of", lambda connection: peer)


async def deeds(folder: Path, **asked: object) -> list[AuditRow]:
    [(rows, _)] = await ask(folder, p.AuditList(**asked))  # type: ignore[arg-type]  # as the test says
    return [row for row in map(decode_view, rows) if isinstance(row, AuditRow)]


# ── before it is done ────────────────────────────────────────────────────────────────────────────────


async def test_a_change_stands_there_before_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path) as office:
        seen: list[object] = []
        pause = office.store.queries.pause

        async def watched(*args: object, **more: object) -> str:
            async with wire(tmp_path) as other:
                await other.send(p.AuditList())
                seen.append(((await other.line()) or {})["row"])
            return await pause(*args, **more)  # type: ignore[arg-type]  # handed through

        monkeypatch.setattr(office.store.queries, "pause", watched)
        await ask(tmp_path, p.Pause(lane="acme/slack"))
        [before] = seen
        assert (before["what"], before["result"], before["tenant"]) == ("pause", "running", "acme")  # type: ignore[index]
        [after] = await deeds(tmp_path)
        assert (after.what, after.object, after.result, after.arguments) == (
            "pause",
            "acme/slack",
            "done",
            {"lane": "acme/slack"},
        )
        assert after.place.startswith("control socket, pid ")
        [logged] = office.witness.named("control.requested")
        assert logged["correlation_id"] == after.correlation_id, "the log and the audit know it by one id"


async def test_what_cannot_be_on_record_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path) as office:

        async def full(*_: object) -> int:
            raise StoreUnavailable("the disk is full")

        monkeypatch.setattr(office.store.audit, "intend", full)
        refused = await refusal(tmp_path, p.Drain())
        assert (refused.code, refused.where) == (Exit.AGAIN, "the disk is full")
        assert refused.what.startswith("nothing was done: ")
        assert office.drained == 0
        [(_, looked)] = await ask(tmp_path, p.Drain(dry_run=True))
        assert looked.exit_code == Exit.OK, "a rehearsal changes nothing, so it needs no record"


async def test_an_end_that_cannot_be_on_record_is_answered_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as office:

        async def full(*_: object) -> None:
            raise StoreUnavailable("the disk is full")

        monkeypatch.setattr(office.store.audit, "conclude", full)
        [(_, done)] = await ask(tmp_path, p.Drain())
        assert (done.exit_code, office.drained) == (Exit.OK, 1)
        assert [name for name, _ in office.witness.troubles] == ["audit.unfinished"]


async def test_a_rehearsal_is_no_deed(tmp_path: Path) -> None:
    async with served(tmp_path):
        await ask(tmp_path, p.Pause(lane="acme/slack", dry_run=True))
        [(rows, done)] = await ask(tmp_path, p.AuditList())
        assert (rows, done.exit_code) == ([], Exit.NOTHING)


async def test_what_is_refused_by_the_verb_and_what_breaks_in_it_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as office:
        await refusal(tmp_path, p.Pause(lane="acme/nowhere"))

        async def broken() -> None:
            raise KeyError("x")

        monkeypatch.setattr(office, "drain", broken)
        await refusal(tmp_path, p.Drain())
        broken_deed, refused_deed = await deeds(tmp_path)
        assert (broken_deed.what, broken_deed.result, broken_deed.tenant) == ("drain", "failed", HOST)
        assert (refused_deed.what, refused_deed.result, refused_deed.tenant) == ("pause", "refused", "acme")


async def test_whoever_may_not_is_noted_and_a_hundred_times_are_few_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger(monkeypatch, 701)
    async with served(tmp_path, viewers=("watchers",)) as office:
        async with wire(tmp_path) as line:
            for _ in range(100):
                await line.send(p.Pause(lane="acme/slack"))
                assert ((await line.line()) or {})["exit_code"] == Exit.FORBIDDEN
        await office.store.audit.flush(all_of_them=True)
        monkeypatch.undo()
        rest, *first = await deeds(tmp_path)
        assert [each.times for each in first] == [1] * ALIKE_MAX
        assert len({each.correlation_id for each in first}) == ALIKE_MAX
        assert {(each.who, each.what, each.result) for each in first} == {("eve (uid 1234)", "pause", "refused")}
        assert (rest.times, rest.detail) == (100 - ALIKE_MAX, "the role is viewer, it takes operator")


async def test_concurrent_deeds_are_each_on_record_once(tmp_path: Path) -> None:
    async with served(tmp_path):

        async def five() -> None:
            for _ in range(5):
                await ask(tmp_path, p.Drain())

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(five)
        found = await deeds(tmp_path, limit=100)
        assert len(found) == 20
        assert {each.result for each in found} == {"done"}
        assert len({each.correlation_id for each in found}) == 20
        [(rows, done)] = await ask(tmp_path, p.AuditVerify())
        assert (done.exit_code, decode_view(rows[-1]).rows) == (Exit.OK, 40)  # type: ignore[union-attr]


# ── who may look ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_audit_is_for_approvers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"operators": ("operators",), "approvers": ("approvers",)}
    stranger(monkeypatch, 702)
    async with served(tmp_path, **words):
        refused = await refusal(tmp_path, p.AuditList())
        assert (refused.code, refused.where) == (
            Exit.FORBIDDEN,
            "your role is operator, audit.list needs approver",
        )
        assert "become a member of approvers" in refused.advice
        with monkeypatch.context() as bare:
            bare.setattr(roles, "group_id", {"operators": 702}.get)
            refused = await refusal(tmp_path, p.AuditList())
            assert "become a member" not in refused.advice  # of what is not there
            assert "(approvers), this host has none" in refused.advice
        stranger(monkeypatch, 702, 703)
        await ask(tmp_path, p.AuditList())
        refused = await refusal(tmp_path, p.AuditExport(tenant="acme"))
        assert refused.where == "your role is approver, audit.export needs admin"


@pytest.mark.parametrize(
    ("gids", "role", "why"),
    [
        ((703,), "approver", "in the group approvers, which is among the approvers"),
        ((1,), "nobody", "in none of the groups that have a role"),
    ],
)
async def test_anybody_may_ask_who_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gids: tuple[int, ...], role: str, why: str
) -> None:
    stranger(monkeypatch, *gids)
    async with served(tmp_path, approvers=("approvers",)):
        [([row], done)] = await ask(tmp_path, p.AskWhoami())
        found = decode_view(row)
        assert (found.login, found.uid, found.role, found.why) == ("eve", 1234, role, why)  # type: ignore[union-attr]
        assert done.exit_code == Exit.OK


def test_claims_become_roles_as_groups_do() -> None:
    class Claims(msgspec.Struct):
        viewers: tuple[str, ...] = ("staff",)
        operators: tuple[str, ...] = ()
        approvers: tuple[str, ...] = ("heads",)
        admins: tuple[str, ...] = ("it",)

    assert granted(Claims(), {"staff", "heads"}.__contains__).role is p.Role.APPROVER
    assert granted(Claims(), {"staff"}.__contains__).role is p.Role.VIEWER
    assert granted(Claims(), {"pupils"}.__contains__).role is p.Role.NOBODY


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────


async def test_filters_narrow(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await ask(tmp_path, p.Pause(lane="acme/slack"), p.Resume(lane="acme/slack"), p.Drain())
        await refusal(tmp_path, p.Pause(lane="acme/x"))
        now_us = office.clock.now_us()
        for asked, expected in (
            ({"tenant": "acme"}, ["pause", "resume", "pause"]),
            ({"host": True}, ["drain"]),
            ({"what": "pause"}, ["pause", "pause"]),
            ({"what": "pau"}, []),
            ({"result": "refused"}, ["pause"]),
            ({"result": "unfinished"}, []),
            ({"object": "SLACK"}, ["resume", "pause"]),
            ({"who": "nobody-of-that-name"}, []),
            ({"limit": 1}, ["pause"]),
            ({"since_us": now_us + DAY_US}, []),
            ({"until_us": now_us - DAY_US}, []),
            (
                {"since_us": now_us - DAY_US, "until_us": now_us + DAY_US, "tenant": "acme", "result": "done"},
                ["resume", "pause"],
            ),
        ):
            assert [each.what for each in await deeds(tmp_path, **asked)] == expected, asked


async def test_verify_names_the_first_that_does_not_fit(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await ask(tmp_path, p.Pause(lane="acme/slack"), p.Resume(lane="acme/slack"))
        copy = tmp_path / "copy.db"
        await office.store.writer.apart(lambda raw: raw.execute("VACUUM INTO ?", (str(copy),)))
    damage(copy, "UPDATE audit_told SET who = 'somebody else' WHERE seq = 3")
    damage(copy, "UPDATE audit SET at_us = 1 WHERE seq = 4")
    ended = await run_ctl(tmp_path, "audit", "verify", "--database", str(copy))
    assert ended.returncode == Exit.FAILURE
    said = ended.stdout.decode()
    assert "the first that does not fit is row 3, acme 3: who says something else than it did" in said
    assert "2 do not fit" in said
    whole = await run_ctl(tmp_path, "--json", "audit", "verify", "--database", str(tmp_path / "c.db"))
    assert whole.returncode == Exit.OK, "the daemon is down, and the mark beside the database agrees"
    proven = msgspec.json.decode(whole.stdout.splitlines()[0])
    assert (proven["kind"], proven["rows"], proven["anchors"], proven["misfits"]) == ("proven", 4, 1, 0)


async def test_an_anchor_file_remembers_what_was_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    async with served(tmp_path) as office:
        words = msgspec.structs.replace(office._daemon, audit=AuditWords(anchor=file))
        assert isinstance(words, Daemon)
        office._daemon = words
        await ask(tmp_path, p.Pause(lane="acme/slack"), p.Resume(lane="acme/slack"))
        [([row], done)] = await ask(tmp_path, p.AuditAnchor())
        head = decode_view(row)
        assert (head.anchored, done.exit_code) == (("journal", str(file)), Exit.OK)  # type: ignore[union-attr]
        [told] = office.witness.named("audit.anchored")
        assert (told["rows"], told["hash"]) == (head.rows, head.hash)  # type: ignore[union-attr]
        [(rows, done)] = await ask(tmp_path, p.AuditVerify())
        assert (done.exit_code, decode_view(rows[-1]).anchors) == (Exit.OK, 1)  # type: ignore[union-attr]
        journal = tmp_path / "journal.json"
        fields = {"MESSAGE": "x", "ROWS": str(told["rows"]), "HASH": told["hash"], "STORE": told["store"]}
        journal.write_bytes(b'{"MESSAGE":"other"}\n' + msgspec.json.encode(fields) + b"\n{torn")
    damage(tmp_path / "c.db", "DELETE FROM audit WHERE seq > 3", "DELETE FROM audit_told WHERE seq > 3")
    (tmp_path / "c.db.mark").unlink()
    for anchors in (file, journal):
        ended = await run_ctl(
            tmp_path, "audit", "verify", "--database", str(tmp_path / "c.db"), "--anchor", str(anchors)
        )
        assert ended.returncode == Exit.FAILURE
        assert "remembers row 5; the newest here is 3" in ended.stdout.decode()
    alone = await run_ctl(tmp_path, "audit", "verify", "--database", str(tmp_path / "c.db"))
    assert alone.returncode == Exit.OK, "without a memory elsewhere an end that is gone was never there"


# ── taking along ─────────────────────────────────────────────────────────────────────────────────────


def recipe() -> str:
    """The lines of Python that docs/audit.md gives to strangers."""
    page = (TOP / "docs" / "audit.md").read_text(encoding="utf-8")
    [found] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(found.splitlines()) <= 20
    return str(found)


async def checked(file: Path) -> tuple[int, str]:
    """A stranger's look at an export."""
    command = ["python3", "-I", "-c", recipe(), str(file)]
    ended = await trio.run_process(command, check=False, capture_stdout=True, capture_stderr=True)
    return ended.returncode, ended.stdout.decode() + ended.stderr.decode()


async def test_a_stranger_can_check_an_export(tmp_path: Path) -> None:
    async with served(tmp_path):
        await ask(tmp_path, p.Pause(lane="acme/slack"), p.Drain(), p.Resume(lane="acme/slack"))
        file = tmp_path / "acme.jsonl"
        ended = await run_ctl(tmp_path, "audit", "export", "acme", "--out", str(file))
        assert ended.returncode == Exit.OK
        assert b"5 rows of acme" in ended.stderr, "whoever exports is in it: intended, for it is not at its end"
        piped = await run_ctl(tmp_path, "audit", "export", "--host")
        assert len(piped.stdout.splitlines()) == 2
    code, said = await checked(file)
    assert (code, said.startswith("5 rows, ")) == (0, True), said
    lines = file.read_text().splitlines()
    for number, forged in (
        (2, lines[2].replace('"resume"', '"remove"')),
        (1, lines[1].replace("done", "fail")),
        (0, lines[0].replace("acme/slack", "acme/teams")),
    ):
        assert forged != lines[number]
        file.write_text("\n".join([*lines[:number], forged, *lines[number + 1 :]]))
        assert (await checked(file))[0] != 0
    for fewer in ([lines[0], *lines[2:]], lines[::-1]):
        file.write_text("\n".join(fewer))
        assert (await checked(file))[0] != 0


async def test_nothing_to_take_along_is_said(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        with pytest.raises(Refusal, match="nothing is on record of globex"):
            await answer(office, p.AuditExport(tenant="globex"), PEER)


def test_rows_of_every_answer_are_known() -> None:
    assert {AuditRow, ProvenRow} <= set(AnyView.__args__)
