"""Alarms in the words of those who are told."""

import pytest

from actors.domain.alarms import TRAITS, Alarm, News, Standing, Turn, card
from actors.domain.alarmspeech import DE, MANY_TITLE, TEST_TITLE, TEST_WORDS, facts_of, text_of, title_of
from actors.domain.speech import Speech

SINCE, AT = "2026-11-29T18:12:39.882767Z", "2026-11-29T19:00:00Z"


def told(turn: Turn, title: str = "", words: str = "HTTP 503") -> News:
    alarm = Alarm(
        kind="outage", subject="acme/slack", tenant="acme", words=words, command="lmsyncctl queue list", title=title
    )
    return News(turn, Standing(alarm=alarm, first_us=0, seen_us=0, no=1))


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ("begun", "Ein Anbieter ist ausgefallen: acme/slack"),
        ("again", "Noch immer: Ein Anbieter ist ausgefallen: acme/slack"),
        ("over", "Vorbei: Ein Anbieter ist ausgefallen: acme/slack"),
    ],
)
def test_a_title_is_in_the_readers_language(turn: Turn, said: str) -> None:
    one = card(told(turn), AT, SINCE)
    assert title_of(one, "de") == said
    assert title_of(one, "en") == title_of(one, "fr") == one.title


def test_times_are_the_readers_and_how_bad_it_is_is_said() -> None:
    berlin = Speech("de-DE", "Europe/Berlin")
    assert facts_of(card(told("begun"), AT, SINCE), berlin) == [
        ("wie eilig", "heute"),
        ("seit", "29.11.2026, 19:12"),
        ("was hilft", "lmsyncctl queue list"),
    ]
    over = [("seit", "29.11.2026, 19:12"), ("vorbei", "29.11.2026, 20:00")]
    assert facts_of(card(told("over"), AT, SINCE), berlin) == over
    assert facts_of(card(told("again"), AT, SINCE), Speech("fr-FR", "UTC"))[0] == ("how bad", "warning: today")


def test_whatever_may_be_said_of_itself_has_its_german() -> None:
    assert {trait.title for trait in TRAITS.values()} | {TEST_TITLE, TEST_WORDS, MANY_TITLE} <= DE.keys()
    assert {trait.severity for trait in TRAITS.values()} <= DE.keys()
    test = card(told("begun", TEST_TITLE, TEST_WORDS), AT, SINCE)
    assert title_of(test, "de") == f"{DE[TEST_TITLE]}: acme/slack"
    assert text_of(test, "de") == DE[TEST_WORDS]
    assert text_of(card(told("begun"), AT, SINCE), "de") == "HTTP 503"
