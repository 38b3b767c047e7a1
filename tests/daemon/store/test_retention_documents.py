"""Documents leave by their last change, if somebody said so; what an import left behind leaves after a day."""

from housekeeping import House, at, days

from actors.domain.xapi.documents import Shelf, content
from daemon.store.documents import change
from daemon.store.keeping import of_tenant

COURSE = Shelf(kind="activity_profile", activity="https://x.test/course")


def put(house: House, day: float, *names: str, tenant: str = "acme") -> None:
    for name in names:
        change(house.raw, tenant, COURSE, name, lambda _: content(b"{}", "application/json"), at(day))


def left(house: House) -> set[tuple[str, str]]:
    return set(house.raw.execute("SELECT tenant, id FROM documents"))


def test_documents_are_kept_for_ever_unless_somebody_says_how_long() -> None:
    house = House()
    put(house, 0, "a")
    assert not house.sweep(10_000, days())["documents"]
    assert left(house) == {("acme", "a")}


def test_they_leave_by_their_last_change_and_with_a_count() -> None:
    house = House()
    put(house, 0, *(f"old{number}" for number in range(45)))
    put(house, 0, "used", "theirs", tenant="acme")
    put(house, 0, "other", tenant="acme-2")
    put(house, 90, "used")
    kept = days(documents=30)
    assert house.sweep(100, kept, dry_run=True)["documents"] == 46
    assert house.sweep(100, kept)["documents"] == 46
    assert left(house) == {("acme", "used"), ("acme-2", "other")}
    [kind] = [one for one in of_tenant(house.raw, "acme") if one.what == "documents"]
    assert (kind.n, kind.removed) == (1, 46)


def test_what_an_import_left_behind_leaves_after_a_day() -> None:
    house = House()
    rows = [("acme", bytes(32), part, at(0 if part < 25 else 1), b"x") for part in range(30)]
    house.raw.executemany("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", rows)
    assert house.sweep(1.5, days())["staged"] == 25
    assert house.count("staged") == 5
