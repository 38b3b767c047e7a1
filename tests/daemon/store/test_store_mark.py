"""The high-water mark: its verdict is right for every history, and its file survives what tears it."""

import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.store.mark import (
    BLOCK_BYTES,
    LIVES_MAX,
    Intact,
    Life,
    Lineage,
    Lost,
    Mark,
    MarkFile,
    Reading,
    Unmarked,
    block,
    judge,
    read,
    unblock,
)

MARK = Mark(store="s1", life="t3", life_no=3, first=20, number=30, at_us=3000, newest_us=2900, written_us=3001)


def lineage(number: int, *lives: Life, store: str = "s1", **more: object) -> Lineage:
    return Lineage(store=store, number=number, at_us=number * 100, lives=lives, **more)  # type: ignore[arg-type]


def life(no: int, first: int, token: str = "") -> Life:
    return Life(no=no, token=token or f"t{no}", first=first, began_us=first * 100)


OURS = (life(1, 0), life(2, 10), life(3, 20))


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("found", "kind", "missing", "since_us"),
    [
        (lineage(29, *OURS), "behind", 1, 2900),
        (lineage(15, *OURS[:2]), "behind", 15, 1500),
        (lineage(0), "behind", 30, 0),
        (lineage(90, *OURS, life(4, 25)), "other", 5, 2000),
        (lineage(90, *OURS[:2], life(3, 20, "else")), "other", 10, 1000),
        (lineage(90, *OURS[:2], life(4, 20)), "other", 10, 1000),
        (lineage(25, *OURS[:2], life(4, 20)), "other", 10, 1000),
        (lineage(90, life(1, 0, "else"), store="s2"), "foreign", None, 9000),
        (Lineage(), "gone", 30, 0),
    ],
)
def test_what_is_missing_is_named(found: Lineage, kind: str, missing: int | None, since_us: int) -> None:
    assert judge(Reading(mark=MARK, present=True), found) == Lost(
        kind=kind,  # type: ignore[arg-type]
        missing=missing,
        since_us=since_us,
        until_us=3000,
        mark=MARK,
    )


@pytest.mark.parametrize(
    "found",
    [
        lineage(30, *OURS),
        lineage(31, *OURS),
        lineage(40, *OURS, life(4, 30)),
        lineage(15, *OURS[:2], accepted=frozenset({("t3", 30)})),
    ],
)
def test_what_has_everything_or_was_accepted_is_intact(found: Lineage) -> None:
    assert judge(Reading(mark=MARK, present=True), found) == Intact()


def test_without_a_mark_there_is_no_verdict() -> None:
    assert judge(Reading(), lineage(30, *OURS)) == Unmarked("there is none")
    assert judge(Reading(present=True, damaged=2), lineage(30, *OURS)) == Unmarked("its blocks are damaged")
    long = [life(no, no * 10) for no in range(10, 10 + LIVES_MAX)]
    assert isinstance(judge(Reading(mark=MARK, present=True), lineage(9999, *long)), Unmarked)


class Copy:
    """A database as the set of its commits, each with a name that no other history has."""

    names = itertools.count()

    def __init__(self, ids: tuple[int, ...] = (), lives: tuple[Life, ...] = ()) -> None:
        self.ids = ids
        self.lives = lives

    def commit(self) -> None:
        self.ids = (*self.ids, next(self.names))

    def open(self, after_no: int) -> None:
        no = max([after_no, *(each.no for each in self.lives)]) + 1
        token = str(next(self.names))
        self.lives = (*self.lives, Life(no=no, token=token, first=len(self.ids), began_us=0))
        self.commit()

    def copied(self, length: int | None = None) -> "Copy":
        """A prefix: what SQLite keeps of a torn log. A life's row is in the life's first commit."""
        length = len(self.ids) if length is None else length
        return Copy(self.ids[:length], tuple(each for each in self.lives if each.first < length))

    @property
    def account(self) -> Lineage:
        return Lineage(store="s", number=len(self.ids), lives=self.lives)

    def mark(self) -> Mark:
        last = self.lives[-1]
        number = len(self.ids)
        return Mark(
            store="s",
            life=last.token,
            life_no=last.no,
            first=last.first,
            number=number,
            at_us=0,
            newest_us=0,
            written_us=0,
        )


STEPS = st.one_of(
    st.just("commit"), st.just("mark"), st.just("open"), st.just("save"), st.tuples(st.just("cut"), st.integers(0, 30))
)


@given(
    history=st.lists(STEPS, max_size=40),
    source=st.integers(0, 10),
    cut=st.integers(0, 40),
    elsewhere=st.lists(st.sampled_from(["commit", "open"]), max_size=8),
)
def test_the_verdict_is_right_for_any_history(
    history: list[str | tuple[str, int]], source: int, cut: int, elsewhere: list[str]
) -> None:
    """Commits, marks, restarts, torn logs, copies put back, copies that lived elsewhere: what the mark has seen is
    all there, or it is said, and never too many commits are said to be missing."""
    here = Copy()
    here.open(0)
    mark, seen = here.mark(), here.ids
    saved = [here.copied()]
    for step in history:
        match step:
            case "commit":
                here.commit()
            case "mark":
                mark, seen = here.mark(), here.ids
            case "save":
                saved.append(here.copied())
            case "open":
                here.open(mark.life_no)
            case (_, length):
                torn = here.copied(max(0, len(here.ids) - length))
                if set(seen) <= set(torn.ids):  # else the daemon would not go on
                    here = torn
                    here.open(mark.life_no)
    found = saved[source % len(saved)].copied() if source else here
    if not source:
        found = here.copied(max(1, len(here.ids) - cut))
    opened = False
    for step in elsewhere:
        if step == "open":
            found.open(0)
            opened = True
        elif opened:
            found.commit()
    verdict = judge(Reading(mark=mark, present=True), found.account)
    missing = set(seen) - set(found.ids)
    if missing:
        assert isinstance(verdict, Lost)
        assert verdict.missing is not None
        assert 0 < verdict.missing <= len(missing)
        if set(found.ids) < set(seen):  # else it has something of its own, if only what a torn log took elsewhere
            assert (verdict.kind, verdict.missing) == ("behind", len(missing))
    else:
        assert verdict == Intact()


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_mark_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "s.db.mark"
    assert read(path) == Reading()
    file = MarkFile(path)
    file.write(MARK)
    newer = msgspec.structs.replace(MARK, number=31)
    file.write(newer)
    file.close()
    assert read(path) == Reading(mark=newer, present=True)
    assert path.stat().st_size == 2 * BLOCK_BYTES
    assert path.stat().st_mode & 0o777 == 0o600


@given(at=st.integers(0, 2 * BLOCK_BYTES - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_costs_one_copy_at_most(at: int, bit: int) -> None:
    raw = bytearray(block(MARK) * 2)
    raw[at] ^= 1 << bit
    copies = [unblock(bytes(raw[:BLOCK_BYTES])), unblock(bytes(raw[BLOCK_BYTES:]))]
    assert MARK in copies
    assert set(copies) <= {MARK, None}


@given(torn=st.integers(0, BLOCK_BYTES), first=st.booleans())
def test_a_torn_write_leaves_the_old_mark_or_the_new(torn: int, first: bool) -> None:
    """The copies are written one after the other, so that one of them is whole at any moment."""
    newer = msgspec.structs.replace(MARK, number=31, detail="x" * 100)
    half = block(newer)[:torn] + block(MARK)[torn:]
    copies = [half, block(MARK)] if first else [block(newer), half]
    found = [unblock(copy) for copy in copies]
    assert any(found)
    assert set(found) <= {MARK, newer, None}
    assert first or newer in found


def test_a_file_that_is_none_is_no_mark(tmp_path: Path) -> None:
    path = tmp_path / "s.db.mark"
    for content in (b"", b"\n" * 8192, b"lmsyncd-mark-1 " * 600, block(MARK)[:-1]):
        path.write_bytes(content)
        assert read(path) == Reading(present=True, damaged=2)


def test_what_it_says_of_damage_is_cut_to_fit() -> None:
    long = msgspec.structs.replace(MARK, state="damaged", detail="\0" * 5000)
    kept = unblock(block(long))
    assert kept is not None
    assert kept.state == "damaged"
    assert kept.detail.strip("\0") == "" != kept.detail
