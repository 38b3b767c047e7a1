"""When an alarm begins, is told again, and is over."""

from collections.abc import Sequence
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.alarms import CLEAR_US, KEPT_MAX, TRAITS, Alarm, Judged, News, Standing, card, judge
from config.alerts import AlarmKind

DAY_US = 86_400_000_000
SECOND_US = 1_000_000
LOOK_US = 30 * SECOND_US


def alarm(kind: AlarmKind = "dead_letters", subject: str = "acme/slack", weight: int = 1) -> Alarm:
    command = "lmsyncctl dlq list --lane acme/slack"
    return Alarm(kind=kind, subject=subject, tenant="acme", words="3 wait", command=command, weight=weight)


class Watch:
    """Looks one after another, each with what was found then."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.now_us = 1_800_000_000 * SECOND_US
        self.last_no = 0

    def look(self, *found: Alarm, later_us: int = LOOK_US) -> Sequence[News]:
        self.now_us += later_us
        judged: Judged = judge(self.standings, found, self.now_us, lambda _: DAY_US, self.last_no)
        self.standings = dict(judged.standings)
        self.last_no = max([self.last_no, *(each.no for each in self.standings.values())])
        return judged.news


def turns(news: Sequence[News]) -> list[str]:
    return [each.turn for each in news]


def test_every_kind_has_its_trait() -> None:
    assert set(TRAITS) == set(get_args(AlarmKind))


def test_it_is_told_once_while_it_lasts_and_once_when_it_is_over() -> None:
    watch = Watch()
    assert turns(watch.look(alarm())) == ["begun"]
    assert [turns(watch.look(alarm())) for _ in range(100)] == [[]] * 100
    assert turns(watch.look()) == []
    assert turns(watch.look(later_us=CLEAR_US)) == ["over"]
    assert watch.standings == {}
    assert turns(watch.look(alarm())) == ["begun"]
    assert watch.last_no == 2


def test_what_comes_and_goes_is_one_alarm() -> None:
    watch = Watch()
    said = [turns(watch.look(*([alarm()] if n % 3 else []), later_us=120 * SECOND_US)) for n in range(1, 200)]
    assert [each for each in said if each] == [["begun"]]


def test_a_hiccup_is_nobodys_business() -> None:
    watch = Watch()
    assert turns(watch.look(alarm("outage"))) == []
    assert turns(watch.look(alarm("outage"))) == []
    assert turns(watch.look()) == []
    assert watch.standings == {}
    assert [turns(watch.look(alarm("outage"), later_us=60 * SECOND_US)) for _ in range(11)][-1] == ["begun"]


def test_each_day_again_and_when_it_has_become_ten_times_as_much() -> None:
    watch = Watch()
    watch.look(alarm())
    assert turns(watch.look(alarm(weight=9))) == []
    assert turns(watch.look(alarm(weight=10))) == ["again"]
    assert turns(watch.look(alarm(weight=99))) == []
    assert turns(watch.look(alarm(weight=99), later_us=DAY_US)) == ["again"]
    [standing] = watch.standings.values()
    assert (standing.no, standing.times, standing.told_weight) == (1, 3, 99)


def test_there_is_an_end_to_how_many_there_are() -> None:
    watch = Watch()
    assert len(watch.look(*(alarm(subject=f"acme/{n}") for n in range(KEPT_MAX + 50)))) == KEPT_MAX
    assert len(watch.look(*(alarm(subject=f"acme/{n}") for n in range(KEPT_MAX + 50)))) == 0


def test_that_it_is_over_is_written_into_the_post_that_told_it() -> None:
    watch = Watch()
    [begun] = watch.look(alarm())
    [again] = watch.look(alarm(weight=50))
    watch.look()
    [over] = watch.look(later_us=CLEAR_US)
    told = [card(news, "2027-01-15T08:00:00Z", "2027-01-15T07:00:00Z") for news in (begun, again, over)]
    assert told[0].entity != told[1].entity == told[2].entity
    after_a_restore = card(begun, "2027-01-16T08:00:00Z", "2027-01-16T07:00:00Z")
    assert (after_a_restore.no, after_a_restore.times) == (told[0].no, told[0].times)
    assert after_a_restore.entity != told[0].entity
    assert told[1].value != told[2].value
    assert told[0].title == "Deliveries wait for a person: acme/slack"
    assert told[0].command == "lmsyncctl dlq list --lane acme/slack"
    assert told[2].title.startswith("Over: ")
    assert told[2].command == ""
    assert all(msgspec.msgpack.decode(msgspec.msgpack.encode(each), type=type(each)) == each for each in told)


@given(st.lists(st.tuples(st.sets(st.sampled_from(["a/x", "a/y", "b/z"])), st.integers(1, 2_000)), max_size=60))
def test_begun_and_over_alternate_whatever_is_found(looks: list[tuple[set[str], int]]) -> None:
    watch = Watch()
    told: dict[str, str] = {}
    for found, later_s in looks:
        for news in watch.look(*(alarm(subject=name) for name in sorted(found)), later_us=later_s * SECOND_US):
            before = told.get(news.standing.alarm.subject, "over")
            assert (before == "over") == (news.turn == "begun")
            told[news.standing.alarm.subject] = news.turn
    standing = {each.alarm.subject for each in watch.standings.values()}
    assert standing == {name for name, turn in told.items() if turn != "over"}


@pytest.mark.parametrize("back_us", [1, 3_600 * SECOND_US, 30 * DAY_US])
def test_a_clock_that_is_set_back_ends_no_alarm_and_tells_none_twice(back_us: int) -> None:
    watch = Watch()
    watch.look(alarm())
    assert turns(watch.look(alarm(), later_us=-back_us)) == []
    assert turns(watch.look(later_us=LOOK_US)) == []
    assert len(watch.standings) == 1


def test_after_a_clock_that_was_ahead_alarms_are_told_again_and_end() -> None:
    watch = Watch()
    watch.look(alarm())
    assert turns(watch.look(alarm(), later_us=-365 * DAY_US)) == []
    assert turns(watch.look(alarm(), later_us=DAY_US)) == ["again"]
    watch.look(later_us=-365 * DAY_US)
    assert turns(watch.look(later_us=CLEAR_US)) == ["over"]
