"""What is remembered: bounded, counted, under names that are known."""

import re
from pathlib import Path

import pytest

from config.recall import CACHES, Counts, Recall, counts, remembered, standings

ROOT = Path(__file__).parents[2]


def of(name: str) -> tuple[Counts, int, int]:
    found = next(each for each in standings() if each.name == name)
    return found.counts, found.entries, found.bound


def test_the_last_ones_are_remembered_and_every_question_is_counted() -> None:
    counts("references")
    before, entries, bound = of("references")
    recall: Recall[str, int] = Recall("references", 2)
    recall.put("a", 1)
    recall.put("b", 2)
    assert recall.get("a") == 1
    recall.put("c", 3)
    assert recall.get("b") is None, "the one that was not used made room"
    recall.replace("b", 9)
    recall.replace("a", 5)
    assert (recall.get("a"), recall.get("c"), "b" in recall) == (5, 3, False)
    after, *sizes = of("references")
    assert (after.hits - before.hits, after.misses - before.misses, after.evicted - before.evicted) == (3, 1, 1)
    assert sizes == [entries + 2, bound + 2]
    recall.clear()
    assert of("references")[1] == entries


def test_a_function_is_counted_under_its_name() -> None:
    counts("schedules")
    before, entries, _ = of("schedules")

    @remembered("schedules", 1)
    def double(n: int) -> int:
        return n * 2

    assert [double(2), double(2), double(3)] == [4, 4, 6]
    after, entries_now, _ = of("schedules")
    assert (after.hits - before.hits, after.misses - before.misses, after.evicted - before.evicted) == (1, 2, 1)
    assert entries_now == entries + 1


def test_what_cannot_be_worked_out_makes_nothing_make_room() -> None:
    counts("schedules")
    before, entries, _ = of("schedules")

    @remembered("schedules", 2)
    def half(n: int) -> int:
        if n % 2:
            raise ValueError(n)
        return n // 2

    assert half(4) == 2
    for odd in (1, 3, 5):
        with pytest.raises(ValueError, match=str(odd)):
            half(odd)
    after, entries_now, _ = of("schedules")
    assert (after.misses - before.misses, after.evicted - before.evicted) == (4, 0)
    assert entries_now == entries + 1


def test_names_are_known_and_a_rate_needs_a_question() -> None:
    with pytest.raises(KeyError):
        counts("whatever")
    assert Counts().rate is None
    assert Counts(hits=3, misses=1).rate == 0.75
    assert Counts(hits=1, misses=2, stale=1).asked == 4


def test_no_bounded_cache_goes_uncounted() -> None:
    """Those apart that hold what labels, hosts or a second look like: they are asked for by telemetry itself."""
    found = {
        str(path.relative_to(ROOT))
        for folder in ("actors", "daemon")
        for path in (ROOT / folder).rglob("*.py")
        if "/fake" not in str(path) and re.search(r"lru_cache\(", path.read_text(encoding="utf-8"))
    }
    assert {each for each in found if not each.startswith("daemon/telemetry/")} == {"daemon/spelling.py"}
    assert all(text and not text.endswith(".") for text in CACHES.values())
