"""The audit is written before and after, once, in order, and never more than a disk can bear."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest
import trio
from audited_store import DAY_US, Wall, anchored, audited, damage, deed, newest, proven
from checkout import TOP

from actors.ports import StoreUnavailable
from actors.ports.audit import HOST
from daemon.store.audit_asking import Asked, Seen, deeds
from daemon.store.audit_chain import ARGUMENTS_CHARS_MAX, fit_arguments
from daemon.store.audit_floods import ALIKE_MAX, ALL, CROWDS_MAX, EACH, KEYS_MAX, MANY, Floods
from daemon.store.database import Store, open_store, upgrade
from daemon.store.errors import StoreRefused


async def seen(store: Store, asked: Asked | None = None) -> list[Seen]:
    """The newest first."""
    found = asked or Asked()
    return await store.audit.read(lambda raw: deeds(raw, found, 0, 1 << 40, 1_000))


# ── before and after ─────────────────────────────────────────────────────────────────────────────────


async def test_a_deed_stands_there_before_it_ends_and_its_end_beside_it(tmp_path: Path) -> None:
    async with audited(tmp_path / "a.db") as store:
        no = await store.audit.intend("acme", deed(arguments={"lane": "acme/slack"}, correlation_id="c-1"))
        [begun] = await seen(store)
        assert (begun.no, begun.result, begun.ended_us) == (no, "", None)
        assert (begun.who, begun.place, begun.object) == ("ada (uid 1000)", "control socket, pid 7", "acme/slack")
        assert (begun.arguments, begun.correlation_id) == ('{"lane":"acme/slack"}', "c-1")
        assert store.audit.running == {("acme", no)}
        await store.audit.conclude("acme", no, "failed", "the lane is not there")
        [ended] = await seen(store)
        assert (ended.no, ended.result, ended.detail) == (no, "failed", "the lane is not there")
        assert ended.ended_us is not None
        assert ended.ended_us > ended.at_us
        assert store.audit.running == set()


async def test_nothing_ends_twice_or_without_having_begun(tmp_path: Path) -> None:
    async with audited(tmp_path / "a.db") as store:
        no = await store.audit.intend("acme", deed())
        await store.audit.conclude("acme", no, "done")
        for tenant, other in (("acme", no), ("acme", 99), ("globex", no)):
            with pytest.raises(ValueError, match="nothing was intended"):
                await store.audit.conclude(tenant, other, "done")
    assert proven(tmp_path / "a.db").misfits == []


async def test_many_at_once_are_one_chain_in_few_commits(tmp_path: Path) -> None:
    async with audited(tmp_path / "a.db") as store:
        before = store.writer.commits

        async def one(n: int) -> None:
            no = await store.audit.intend(("acme", "globex", HOST)[n % 3], deed(arguments={"n": n}))
            await store.audit.conclude(("acme", "globex", HOST)[n % 3], no, "done")

        async with trio.open_nursery() as nursery:
            for n in range(60):
                nursery.start_soon(one, n)
        assert store.writer.commits - before <= 6, "whatever waits is committed together"
        assert {each.result for each in await seen(store)} == {"done"}
    proof = proven(tmp_path / "a.db")
    assert (proof.misfits, proof.rows, proof.unfinished) == ([], 120, 0)


KILLED = """
    import os, signal, sys, trio
    sys.path[:0] = ["tests/support", "."]
    from pathlib import Path
    from audited_store import audited, deed
    async def main():
        async with audited(Path(sys.argv[1])) as store:
            done = await store.audit.intend("acme", deed("resume"))
            await store.audit.conclude("acme", done, "done")
            await store.audit.intend("acme", deed("token.rotate"))
            os.kill(os.getpid(), signal.SIGKILL)
    trio.run(main)
"""


async def test_a_kill_between_intention_and_deed_leaves_an_intention(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
    ended = await trio.run_process(command, check=False, cwd=TOP, stderr=subprocess.DEVNULL)
    assert ended.returncode == -signal.SIGKILL
    async with audited(path) as store:
        [unfinished] = await seen(store, Asked(result="unfinished"))
        assert (unfinished.what, unfinished.no) == ("token.rotate", 3)
        assert store.audit.running == set(), "nobody does it any more"
    assert (proven(path).misfits, proven(path).unfinished) == ([], 1)


# ── what it takes in ─────────────────────────────────────────────────────────────────────────────────


async def test_secrets_are_not_written(tmp_path: Path) -> None:
    async with audited(tmp_path / "a.db") as store:
        store.audit.mask = lambda text: text.replace("xoxb-canary", "***")
        told = {
            "token": "t0ken",
            "nested": {"client_secret": "s3cret", "lane": "acme/slack"},
            "text": "a xoxb-canary b",
        }
        no = await store.audit.intend("acme", deed(who="eve xoxb-canary", arguments=told))
        await store.audit.conclude("acme", no, "failed", "refused xoxb-canary")
        [found] = await seen(store)
    assert (found.who, found.detail) == ("eve ***", "refused ***")
    assert msgspec.json.decode(found.arguments) == {
        "token": "***",
        "nested": {"client_secret": "***", "lane": "acme/slack"},
        "text": "a *** b",
    }
    written = b"".join(each.read_bytes() for each in sorted(tmp_path.glob("a.db*")))  # noqa: ASYNC240
    assert [secret for secret in (b"t0ken", b"s3cret", b"xoxb-canary") if secret in written] == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x" * 100_000},
        {"list": list(range(100_000))},
        {f"name-{n}" * 50: "y" * 200 for n in range(500)},
        {"deep": [[[[[[[["z" * 5_000]]]]]]]]},
        {"odd": "\ud800", "n": 1 << 400, "b": b"\xff" * 10, "none": None, "f": 1.5},
    ],
    ids=["text", "list", "names", "deep", "odd"],
)
async def test_whatever_arguments_there_are_a_row_is_small_and_json(arguments: dict[str, object]) -> None:
    text = fit_arguments(arguments)
    assert len(text) <= ARGUMENTS_CHARS_MAX
    assert msgspec.json.decode(text.encode())


# ── floods ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_few_are_rows_and_the_rest_of_a_minute_a_number() -> None:
    """Whoever asks about the reference on the page that they saw is found, also the second stranger of a minute."""
    floods = Floods()
    for n in range(ALIKE_MAX):
        row = floods.met("acme", deed("gateway.refused", "unknown", correlation_id=f"c-{n}"), "credentials", 0.0)
        assert row is not None
        assert (row.deed.correlation_id, row.times) == (f"c-{n}", 1)
    assert [floods.met("acme", deed("gateway.refused", "unknown"), "credentials", s / 10) for s in range(500)] == [
        None
    ] * 500
    assert list(floods.due(59.0)) == []
    [rest] = floods.due(61.0)
    assert (rest.times, rest.tenant, rest.reason) == (500, "acme", "credentials")
    assert floods.met("acme", deed("gateway.refused", "unknown"), "credentials", 62.0) is not None, "a new minute"


def test_a_stranger_with_a_new_name_each_time_fills_nothing() -> None:
    """Ten thousand a second for an hour, all different: so many rows, and every one is counted."""
    floods, rows, met = Floods(), [], 0
    for minute in range(60):
        for n in range(KEYS_MAX + 500):
            at_once = floods.met("acme", deed("gateway.refused", f"client:{minute}-{n}"), "credentials", minute * 60.0)
            rows += [at_once] if at_once else []
            met += 1
        rows += floods.due(minute * 60.0 + 60.0)
    rows += floods.due(4_000.0, all_of_them=True)
    assert sum(each.times for each in rows) == met
    assert len(rows) <= EACH.burst + 3_600 * EACH.per_s + 60 * CROWDS_MAX + 1
    assert len(floods) == 0
    assert {each.deed.who for each in rows if each.times > 1} == {MANY}


def test_neither_names_nor_reasons_nor_tenants_make_more_rows_than_there_may_be() -> None:
    """A thousand tenants, each refusal of another one, of another name and for another reason."""
    floods, rows, met = Floods(), [], 0
    for minute in range(10):
        for n in range(5_000):
            refused = deed("gateway.refused", f"{minute}-{n}", correlation_id=f"{n}")
            at_once = floods.met(f"t{n % 1_000}", refused, f"reason {n}", minute * 60.0)
            rows += [at_once] if at_once else []
            met += 1
        assert len(floods) <= KEYS_MAX + 1_000
        rows += floods.due(minute * 60.0 + 60.0)
    rows += floods.due(1e6, all_of_them=True)
    assert sum(each.times for each in rows) == met
    assert len(rows) <= ALL.burst + 600 * ALL.per_s + 10


async def test_refusals_never_wait_and_are_written_when_the_disk_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with audited(tmp_path / "a.db") as store:
        submit = store.audit._submit

        async def full(job: object) -> object:
            raise StoreUnavailable("the disk is full")

        monkeypatch.setattr(store.audit, "_submit", full)
        for _ in range(7):
            store.audit.refused("acme", deed("gateway.refused", "unknown"), "credentials")
        await store.audit.flush()
        await store.audit.flush(all_of_them=True)
        assert store.audit.unwritten == 2
        monkeypatch.setattr(store.audit, "_submit", submit)
        await store.audit.flush(all_of_them=True)
        assert [(each.result, each.times) for each in await seen(store)] == [("refused", 7)]


class Troubles(list[tuple[str, object]]):
    """What was said, with its detail."""

    def __call__(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        self.append((name, fields.get("detail")))


# ── what is missing at the start ─────────────────────────────────────────────────────────────────────


async def test_an_end_that_is_missing_is_said_at_the_start_and_for_good(tmp_path: Path) -> None:
    path, troubles = tmp_path / "a.db", Troubles()
    async with audited(path) as store:
        for _ in range(5):
            await store.audit.note("acme", deed())
    remembered = anchored(path)
    damage(path, "DELETE FROM audit WHERE seq > 3", "DELETE FROM audit_told WHERE seq > 3")
    async with open_store(path, Wall(), inline=True, trouble=troubles) as store:
        assert store.audit.floor == 5
        said = ("audit.tail_missing", "5 rows of the audit had been written, the newest here is 3")
        assert said in troubles
        [own] = await seen(store, Asked(tenant=HOST))
        assert (own.what, own.seq, own.result) == ("audit.tail_missing", 6, "failed")
        await store.audit.note("acme", deed("resume"))
    assert newest(path).seq == 7
    assert [(each.what, each.seq) for each in proven(path).misfits] == [("removed", 6)]
    assert [each.what for each in proven(path, remembered).misfits] == ["removed"], "the gap says it already"


async def test_a_last_row_that_was_changed_is_said_too(tmp_path: Path) -> None:
    path, troubles = tmp_path / "a.db", Troubles()
    async with audited(path) as store:
        await store.audit.note("acme", deed())
    damage(path, "UPDATE audit SET hash = zeroblob(32)")
    async with open_store(path, Wall(), inline=True, trouble=troubles):
        pass
    assert ("audit.tail_missing", "row 1 of the audit is another one than was written") in troubles


async def test_a_start_after_a_cut_misses_nothing(tmp_path: Path) -> None:
    path, clock, troubles = tmp_path / "a.db", Wall(), Troubles()
    async with audited(path, clock) as store:
        await store.audit.note("acme", deed())
        clock.at_us += 40 * DAY_US
        assert await store.audit.cut(clock.at_us - 30 * DAY_US) == 1
    async with open_store(path, clock, inline=True, trouble=troubles) as store:
        assert store.audit.floor == 0
        [cut] = await seen(store)
        assert (cut.what, msgspec.json.decode(cut.arguments)["rows"]) == ("audit.cut", 1)
    assert "audit.tail_missing" not in dict(troubles)


async def test_what_took_longer_than_rows_are_kept_ends_without_a_word(tmp_path: Path) -> None:
    clock = Wall()
    async with audited(tmp_path / "a.db", clock) as store:
        no = await store.audit.intend("acme", deed())
        clock.at_us += 40 * DAY_US
        assert await store.audit.cut(clock.at_us - 30 * DAY_US) == 1
        await store.audit.conclude("acme", no, "done")
        assert [each.what for each in await seen(store)] == ["audit.cut"]
        with pytest.raises(ValueError, match="nothing was intended"):
            await store.audit.conclude("acme", no + 7, "done")


async def test_a_loss_that_was_accepted_leaves_a_gap_in_the_audit(tmp_path: Path) -> None:
    """An older copy was put in the place of the database, and somebody went on with it."""
    path, clock = tmp_path / "a.db", Wall()
    async with audited(path, clock) as store:
        await store.audit.note("acme", deed())
    older = path.read_bytes()
    async with audited(path, clock) as store:
        await store.audit.note("acme", deed("resume"))
        await store.audit.note("acme", deed("drain"))
    path.write_bytes(older)
    with pytest.raises(StoreRefused, match=r"commits? (is|are) missing"):
        async with audited(path, clock):
            pass
    assert upgrade(path, clock.now_us(), accept_loss=True)[-1].startswith("accepted the loss of")
    async with audited(path, clock) as store:
        rows = await seen(store)
        assert [(row.what, row.seq) for row in rows] == [("store.loss_accepted", 4), ("pause", 1)]
        assert msgspec.json.decode(rows[0].arguments) == {
            "kind": "behind",
            "commits": 2,
            "rows_before": 1,
            "rows_remembered": 3,
        }
        assert rows[0].who.endswith(f"(uid {os.getuid()})")
    assert [(each.what, each.seq) for each in proven(path).misfits] == [("removed", 4)]
