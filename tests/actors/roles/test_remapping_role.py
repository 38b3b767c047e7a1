"""Versions over stored records: taken back, every record that nothing has touched is as it was, byte by byte; and a
kill between two steps costs nothing."""

from pathlib import Path

import msgspec
import pytest
from remapped_store import SOURCE, a_store, activate, dump, kept, killed_after, roll_back, take, version

from actors.domain.canonical import Enrolment, User
from actors.domain.correcting import Correction
from actors.domain.remapping import HEALED, Comparison
from actors.ports.remapping import Overtaken
from actors.roles import remapping as role
from daemon.store import remapping as sql


async def test_activated_and_taken_back_every_byte_is_as_it_was(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n, 1, gone=n == 9) for n in range(12)))
        await take(store, *(kept(None, "enrolment", f"e{n}", n, 1) for n in range(4, 8)))
        before = await dump(store)
        activated = await activate(store, 2)
        assert (activated.state, activated.ended_us) == ("done", 77)
        assert (activated.count.records, activated.count.healed, activated.count.flawed) == (16, 3, 2)
        during = await dump(store)
        assert during != before
        assert during[-1] == (2,)
        undone = await roll_back(store)
        assert (undone.kind, undone.version) == ("rollback", 1)
        assert await dump(store) == before
        assert await store.remappings.last(SOURCE) is None
        history = await store.remappings.history(SOURCE, 10)
        assert [(one.kind, one.state, one.begun_by) for one in history] == [
            ("rollback", "done", "kim"),
            ("activate", "undone", "kim"),
        ]


async def test_what_fits_again_waits_to_be_let_in(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, kept(None, "user", "u1", 1, 1))
        await activate(store, 2)
        [one] = (await store.quarantine.find(SOURCE, [("user", "u1")])).values()
        assert (one.known.state, one.known.canonical, [flaw.rule for flaw in one.flaws]) == (
            "quarantined", b"", [HEALED],
        )  # fmt: skip


async def test_what_names_nobody_under_the_new_version_goes_to_quarantine_as_a_reference(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n + 3, 1) for n in range(4)))
        await take(store, kept(None, "user", "c", 9, 1), kept(None, "enrolment", "e5", 5, 1))
        await take(store, kept(None, "enrolment", "e6", 6, 1))
        await activate(store, 2)  # u1 becomes u5, who is not there; u2 becomes u0, who is
        found = await store.quarantine.find(SOURCE, [("enrolment", "e5"), ("enrolment", "e6")])
        wrong, right = found["enrolment", "e5"], found["enrolment", "e6"]
        assert [(flaw.rule, flaw.path, flaw.value) for flaw in wrong.flaws] == [("reference", "user", '"u5"')]
        assert (right.known.state, right.user, right.known.rev) == ("active", "u0", 2)


async def test_what_was_told_in_part_since_the_body_was_read_stays_known(tmp_path: Path) -> None:
    """An event said that somebody else is enrolled; the versions differ in roles, and in nothing else that it said."""
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n + 3, 1) for n in range(4)))
        told = kept(None, "enrolment", "e", 1, 1)
        event = msgspec.json.encode(Enrolment(id="e", user="u3", course="c"))
        await take(store, msgspec.structs.replace(told, canonical=event, user="u3", digest=b"part".ljust(16)))
        before = await dump(store)
        await activate(store, 3)
        [one] = (await store.quarantine.find(SOURCE, [("enrolment", "e")])).values()
        assert msgspec.json.decode(one.known.canonical, type=Enrolment) == Enrolment(
            id="e", user="u3", course="c", role="observer"
        )
        await roll_back(store)
        assert await dump(store) == before


@pytest.mark.parametrize("gone", [True, False])
async def test_a_time_that_an_event_told_stays(tmp_path: Path, gone: bool) -> None:
    """By it, what comes late is known to be late. The body that was read has none."""
    async with a_store(tmp_path) as store:
        told = kept(None, "user", "u8", 8, 1, gone=gone)
        event = msgspec.json.encode(User(id="u8", display_name="person 3", updated="2026-09-01T10:00:07Z"))
        await take(store, msgspec.structs.replace(told, canonical=event))
        await activate(store, 2)
        [one] = (await store.quarantine.find(SOURCE, [("user", "u8")])).values()
        assert msgspec.json.decode(one.known.canonical, type=User) == User(
            id="u8", display_name="person 8", updated="2026-09-01T10:00:07Z"
        )


async def test_what_the_source_told_since_is_made_anew_with_the_old_version(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, kept(None, "user", "u7", 7, 1), kept(None, "user", "u8", 8, 1))
        await activate(store, 2)
        await take(store, kept(1, "user", "u7", 9, 2, rev=2))
        await take(store, kept(None, "user", "new", 6, 2))
        await roll_back(store)
        found = await store.quarantine.find(SOURCE, [("user", "u7"), ("user", "new")])
        told, fresh = found["user", "u7"].known, found["user", "new"].known
        assert (told.mapping, told.rev, msgspec.json.decode(told.canonical)["display_name"]) == (1, 4, "person 4")
        assert (fresh.mapping, msgspec.json.decode(fresh.canonical)["display_name"]) == (1, "person 1")


async def test_only_one_runs_and_a_half_one_can_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PAGE", 2)
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n, 1) for n in range(7)))
        before = await dump(store)
        begun = await store.remappings.begin(SOURCE, 2, "kim", 5)
        await killed_after(store, begun, 2)
        with pytest.raises(Overtaken):
            await store.remappings.begin(SOURCE, 3, "ola", 6)
        half = await store.remappings.unfinished(SOURCE)
        assert half is not None
        assert (half.at, half.count.records) == (("user", "u3"), 4)
        await roll_back(store)
        assert await dump(store) == before
        assert await store.remappings.unfinished(SOURCE) is None


async def test_undo_data_is_of_the_last_activation_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "DROPPED_MAX", 1)
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n + 6, 1) for n in range(4)))
        first = await activate(store, 2)
        await store.writer.submit(lambda raw: raw.execute("DELETE FROM records WHERE no = 1"))
        second = await activate(store, 3)
        kept_of = await store.writer.submit(lambda raw: raw.execute("SELECT DISTINCT activation FROM undos").fetchall())
        assert kept_of == [(second.no,)]
        assert second.no > first.no
        with pytest.raises(Overtaken):
            await store.remappings.begin(SOURCE, 1, "kim", 9, undoes=first.no)


async def test_a_correction_counts_for_the_new_version_as_long_as_it_holds(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await take(store, kept(None, "user", "u7", 7, 1))
        mended = Correction(path="n", value="8", was="7", by="kim", at_us=1)
        await store.quarantine.correct(1, [mended], [])
        await activate(store, 2)
        [one] = (await store.quarantine.find(SOURCE, [("user", "u7")])).values()
        assert msgspec.json.decode(one.known.canonical)["display_name"] == "person 8"
        assert one.corrections == (mended,)
        await store.quarantine.correct(1, [], ["n"])
        [one] = (await store.quarantine.find(SOURCE, [("user", "u7")])).values()
        assert one.corrections == ()


async def test_two_versions_are_compared_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PAGE", 3)
    async with a_store(tmp_path) as store:
        await take(store, *(kept(None, "user", f"u{n}", n, 1, gone=n == 9) for n in range(12)))
        before = await dump(store)
        looked: list[int] = []

        async def tell(n: int) -> None:
            looked.append(n)

        compared = Comparison("acme/toy", 1, 2)
        await role.compare(SOURCE, version(1), version(2), store.remappings, compared, tell=tell)
        assert (compared.records, compared.healed, compared.flawed) == (11, 3, {})
        assert [(each.field, each.records) for each in compared.differences()] == [("display_name", 6)]
        assert compared.people == 9
        assert looked == [3, 6, 9, 11]
        assert await dump(store) == before
        late = Comparison("acme/toy", 1, 2)
        await role.compare(
            SOURCE, version(1), version(2), store.remappings, late, since_us=store.records._clock.now_us() + 1
        )
        assert late.records == 0


# ── whatever happens ─────────────────────────────────────────────────────────────────────────────────
