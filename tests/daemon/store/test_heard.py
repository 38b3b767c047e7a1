"""What vendors told, in the store: once, in one transaction, and what becomes of a place's deliveries."""

from housekeeping import House, at, grade

from actors.domain.outbox import State
from actors.domain.tidings import (
    AppGone,
    ChannelArchived,
    ChannelBack,
    Clicked,
    Missed,
    Note,
    PeopleMissed,
    PersonCame,
    PersonChanged,
    PersonGone,
    Tiding,
    TokensRevoked,
    Watch,
    WatchGone,
    WatchLapsing,
)
from actors.domain.verdicts import Cause
from daemon.store.heard import HEARD_KEPT_US, settle, take

LANE = "acme/slack"


def told(house: House, tiding: Tiding, day: float = 1, name: str = "") -> int:
    """How many addresses were forgotten."""
    return take(house.raw, LANE, [Note(id=name, tiding=tiding)], at(day)).forgotten


def waiting(count: int) -> House:
    house = House()
    house.tell(0, *range(count))
    house.route(0, *(grade(f"l{number}", 1) for number in range(count)))
    return house


def states(house: House) -> dict[str, int]:
    return dict(house.raw.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))


def settled(house: House, day: float, limit: int = 100) -> list[tuple[int, int]]:
    """Until nothing is left to do."""
    found = []
    while (done := settle(house.raw, LANE, at(day), limit)) != (0, 0):
        found.append(done)
    return found


def known(house: House) -> set[str]:
    return {row[0] for row in house.raw.execute("SELECT email FROM addresses WHERE lane = ?", (LANE,))}


def addresses(house: House, **people: str) -> None:
    rows = [(LANE, f"{name}@x", f"D{name}", at(0), person) for name, person in people.items()]
    house.raw.executemany(
        "INSERT OR REPLACE INTO addresses (lane, email, address, found_us, person) VALUES (?,?,?,?,?)", rows
    )


def test_what_is_told_twice_is_acted_on_once() -> None:
    house = House()
    note = Note(id="Ev1", tiding=Missed("x"))
    assert take(house.raw, LANE, [note, note], at(1)).fresh == (note,)
    assert take(house.raw, LANE, [note], at(2)).fresh == ()
    assert take(house.raw, "acme/teams", [note], at(2)).fresh == (note,)
    nameless = Note(id="", tiding=Missed("x"))
    assert take(house.raw, LANE, [nameless, nameless], at(2)).fresh == (nameless, nameless)


def test_ids_are_forgotten_when_nobody_sends_them_any_more() -> None:
    house = House()
    for number in range(5):
        told(house, Missed("x"), 1, f"Ev{number}")
    told(house, Missed("x"), 1 + HEARD_KEPT_US / 86_400e6 + 1, "Ev9")
    assert house.raw.execute("SELECT id FROM heard").fetchall() == [("Ev9",)]


def test_a_closed_place_ends_what_waits_a_few_at_a_time_and_gives_it_back() -> None:
    house = waiting(10)
    house.carry(0.5)
    told(house, ChannelArchived("C1"))
    assert settled(house, 1, 4) == [(4, 0), (4, 0), (1, 0)]
    assert states(house) == {"delivered": 1, "dead": 9}
    assert set(house.raw.execute("SELECT cause, head FROM deliveries WHERE state = 'dead'")) == {
        ("destination_gone", 0)
    }
    told(house, ChannelBack("C1", "general"), 2)
    assert settled(house, 2, 4) == [(0, 4), (0, 4), (0, 1)]
    assert states(house) == {"delivered": 1, "waiting": 9}
    assert house.raw.execute("SELECT count(*) FROM deliveries WHERE head = 1").fetchone() == (1,)


def test_what_may_have_been_posted_is_parked_and_what_is_in_hand_is_left_to_the_vendor() -> None:
    house = waiting(3)
    doubted, in_hand = (row[0] for row in house.raw.execute("SELECT seq FROM deliveries ORDER BY seq LIMIT 2"))
    house.claim(0.5)
    house.raw.execute("UPDATE deliveries SET sent_us = ? WHERE seq = ?", (at(0), in_hand))
    told(house, ChannelArchived("C1"))
    settled(house, 1)
    found = dict(house.raw.execute("SELECT seq, state FROM deliveries"))
    assert (found[doubted], found[in_hand]) == ("claimed", "parked")
    assert states(house) == {"claimed": 1, "parked": 1, "dead": 1}


def test_what_ended_for_another_reason_long_ago_or_again_stays() -> None:
    house = waiting(4)
    house.carry(1, State.DEAD, cause=Cause.PAYLOAD_REFUSED)
    house.carry(1, State.DEAD, cause=Cause.DESTINATION_GONE)
    told(house, ChannelArchived("C1"), 30)
    settled(house, 30)
    told(house, ChannelBack("C1"), 31)
    assert settled(house, 31) == [(0, 2)]
    house.carry(31, State.DEAD, cause=Cause.DESTINATION_GONE)
    assert settled(house, 32) == []
    told(house, ChannelBack("C1"), 33)
    assert settled(house, 33) == []


def test_people() -> None:
    house = House()
    addresses(house, ada="U1", mary="U2")
    assert told(house, PersonChanged("U1", ("ada@x",))) == 0
    assert told(house, PersonChanged("U2", ("ada@x",))) == 2  # mary is ada@x now: both are looked up anew
    assert known(house) == set()
    addresses(house, ada="U1", mary="U2", old="")
    assert told(house, PersonGone("U1")) == 2
    assert known(house) == {"mary@x"}
    assert told(house, PersonCame("U9", "mary@x")) == 1
    addresses(house, ada="U1", mary="U2")
    assert told(house, PeopleMissed("x")) == 2


def test_credentials_that_died_suspend_the_lane() -> None:
    house = House()
    noted = take(house.raw, LANE, [Note(id="a", tiding=TokensRevoked("theirs", ours=False, people=("U1",)))], at(1))
    assert not noted.suspended
    assert house.raw.execute("SELECT * FROM lanes").fetchall() == []
    assert take(house.raw, LANE, [Note(id="b", tiding=AppGone("gone"))], at(1)).suspended
    assert house.raw.execute("SELECT suspended FROM lanes WHERE lane = ?", (LANE,)).fetchone() == ("gone",)


def test_subscriptions_lapse_and_go() -> None:
    house = House()
    watch = Watch(key="k", resource="users", url="u", proof="0" * 64, id="s", ends_us=at(9))
    house.raw.execute(
        "INSERT INTO watches VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (LANE, watch.key, watch.resource, watch.url, watch.proof, watch.id, watch.ends_us, at(0)),
    )
    told(house, WatchLapsing("another"))
    assert house.raw.execute("SELECT ends_us FROM watches").fetchone() == (at(9),)
    told(house, WatchLapsing("s"))
    assert house.raw.execute("SELECT ends_us FROM watches").fetchone() == (at(1),)
    told(house, WatchGone("s"))
    assert house.raw.execute("SELECT count(*) FROM watches").fetchone() == (0,)
    assert house.raw.execute("SELECT due FROM ears").fetchone() == (1,)


def test_clicks_are_kept_as_they_come() -> None:
    house = House()
    told(house, Clicked(form="block_actions", person="U1", body=b"sealed"), 1, "clicked:1")
    told(house, Clicked(form="block_actions", person="U1", body=b"again"), 2, "clicked:1")
    assert house.raw.execute("SELECT form, person, body FROM clicks").fetchall() == [("block_actions", "U1", b"sealed")]


def test_many_places_that_close_together_are_settled_in_one_step() -> None:
    house = waiting(1)
    notes = [Note(id=f"n{number}", tiding=ChannelArchived(f"C{number:05}")) for number in range(1_200)]
    take(house.raw, LANE, notes, at(1))
    assert settled(house, 1) == []
    assert house.raw.execute("SELECT count(*) FROM places WHERE unsettled = 1").fetchone() == (0,)
