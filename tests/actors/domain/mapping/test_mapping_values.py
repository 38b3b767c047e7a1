"""Every transform and check, with what vendors really send. The tables here are whole: a word without a row fails."""

import pytest

from actors.domain.mapping.checks import CHECKS
from actors.domain.mapping.flaws import Unfit, enumerated
from actors.domain.mapping.transforms import TRANSFORMS, each_of

ZONE = "Europe/Berlin"
NOW_US = 1_767_225_600_000_000  # 2026-01-01
WORDS = {
    "role": {"StudentEnrollment": "learner", "TeacherEnrollment": "instructor"},
    "open": {"shut": False, "*": True},
}
UNFIT = object()

TRANSFORMED: list[tuple[str, object, object]] = [
    ("text", "x", "x"),
    ("text", 5.0, "5"),
    ("text", 5.5, "5.5"),
    ("text", 10_000_000_000_123, "10000000000123"),
    ("text", True, "true"),
    ("text", ["a", 2], ["a", "2"]),
    ("text", {"u1": 3}, {"u1": "3"}),
    ("text", float("nan"), UNFIT),
    ("trim", "\ufeff  x\u200b ", "x"),
    ("html", "Größe &amp; Co", "Größe & Co"),
    ("html", "&lt;b&gt; &quot;&#39;", "<b> \"'"),
    ("html", "plain", "plain"),
    ("name", "  Émilie\n du  Châtelet ", "Émilie du Châtelet"),
    ("name", "E\u0301milie", "Émilie"),
    ("name", "A\x00b\u202ec", "Abc"),
    ("lower", "ÄB", "äb"),
    ("upper", "äb", "ÄB"),
    ("email", " Ada.Lovelace@EXAMPLE.EDU ", "ada.lovelace@example.edu"),
    ("email", "mailto:Ada@Example.edu", "ada@example.edu"),
    ("email", "MAILTO: ada@example.edu", "ada@example.edu"),
    ("email", "root@localhost", "root@localhost"),
    ("email", "  ", None),
    ("email", "not an address", UNFIT),
    ("email", "a@b@example.edu", UNFIT),
    ("email", "a" * 250 + "@example.edu", UNFIT),
    ("moment", "2019-11-05T13:38:00.218Z", "2019-11-05T13:38:00.218Z"),
    ("moment", "2019-11-05 07:38:00 -0800", "2019-11-05T15:38:00Z"),
    ("moment", "2026-08-15T08:00:00+02:00", "2026-08-15T06:00:00Z"),
    ("moment", "2026-08-15T08:00:00", "2026-08-15T06:00:00Z"),
    ("moment", "2026-01-15 08:00", "2026-01-15T07:00:00Z"),
    ("moment", "2026-08-15", "2026-08-14T22:00:00Z"),
    ("moment", "20260815T060000Z", "2026-08-15T06:00:00Z"),
    ("moment", "2026-08-15t06:00:00.100000900z", "2026-08-15T06:00:00.1Z"),
    ("moment", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ("moment", "2026-08-15 06:00:00 UTC", "2026-08-15T06:00:00Z"),
    ("moment", "+020519-06-05T13:38:00Z", UNFIT),
    ("moment", "0019-11-05T13:38:00Z", UNFIT),
    ("moment", "2026-02-30T00:00:00Z", UNFIT),
    ("moment", "2026-08-15T25:00:00Z", UNFIT),
    ("moment", "2026-08-15T06:00:00+99:00", UNFIT),
    ("moment", 1_572_961_080, UNFIT),
    ("moment:%d.%m.%Y %H:%M", "15.08.2026 08:00", "2026-08-15T06:00:00Z"),
    ("moment:%d.%m.%Y %H:%M", "2026-08-15", UNFIT),
    ("unix", 1_572_961_080, "2019-11-05T13:38:00Z"),
    ("unix", "1572961080", "2019-11-05T13:38:00Z"),
    ("unix", 1_572_961_080.5, "2019-11-05T13:38:00.5Z"),
    ("unix", 0, None),
    ("unix", "0", None),
    ("unix", -1, UNFIT),
    ("unix", 1_572_961_080_000, UNFIT),
    ("unix", True, UNFIT),
    ("unix", float("inf"), UNFIT),
    ("unix:ms", 1_572_961_080_218, "2019-11-05T13:38:00.218Z"),
    ("date", "2026-08-15", "2026-08-15"),
    ("date", "20260815", "2026-08-15"),
    ("date", "2026-08-14T22:30:00Z", "2026-08-15"),
    ("date", "15/08/2026", UNFIT),
    ("date:%m/%d/%Y", "08/15/2026", "2026-08-15"),
    ("days_end", "2026-08-15", "2026-08-15T21:59:59Z"),
    ("days_end", "2026-08-15T06:00:00Z", "2026-08-15T06:00:00Z"),
    ("days_end", 3, UNFIT),
    ("locale", "de_DE", "de-DE"),
    ("locale", "DE", "de"),
    ("locale", "en_us", "en-US"),
    ("locale", "de_du", "de"),
    ("locale", "en_kids", "en"),
    ("locale", "zh_Hant_TW", "zh-Hant-TW"),
    ("locale", "en-AU-x-unimelb", "en-AU"),
    ("locale", "de_DE.UTF-8", "de-DE"),
    ("locale", "klingon", UNFIT),
    ("timezone", "Europe/Berlin", "Europe/Berlin"),
    ("timezone", "europe/berlin", "Europe/Berlin"),
    ("timezone", "Eastern Time (US & Canada)", "America/New_York"),
    ("timezone", "Berlin", "Europe/Berlin"),
    ("timezone", "Mumbai", "Asia/Kolkata"),
    ("timezone", "W. Europe Standard Time", "Europe/Berlin"),
    ("timezone", "99", None),
    ("timezone", 99, None),
    ("timezone", "Atlantis", UNFIT),
    ("word:role", "StudentEnrollment", "learner"),
    ("word:role", " studentenrollment", "learner"),
    ("word:role", "Janitor", UNFIT),
    ("word:role", ["TeacherEnrollment", "StudentEnrollment"], ["instructor", "learner"]),
    ("word:open", "shut", False),
    ("word:open", "anything", True),
    ("number", "87.5", 87.5),
    ("number", "87,5", 87.5),
    ("number", "90", 90),
    ("number", "1,234", UNFIT),
    ("number", "1e999", UNFIT),
    ("number", "NaN", UNFIT),
    ("number", True, UNFIT),
    ("number", 10**400, UNFIT),
    ("percent", "85 %", 85),
    ("percent", 104.2, 104.2),
    ("percent", -1, UNFIT),
    ("scale:0:1", 0.5, 50.0),
    ("scale:-1:1", "-0.578", 21.1),
    ("boolean", "true", True),
    ("boolean", 1, True),
    ("boolean", "1", True),
    ("boolean", "No", False),
    ("boolean", 0.0, False),
    ("boolean", "perhaps", UNFIT),
    ("not", "true", False),
    ("not", 0, True),
    ("local_id", 10_000_000_000_123, "123"),
    ("local_id", "70000000000123", "123"),
    ("local_id", "7~123", "123"),
    ("local_id", 123, "123"),
    ("local_id", "abc", UNFIT),
    ("local_id", "²", UNFIT),
    ("local_id:1", 10_000_000_000_123, "123"),
    ("local_id:1", 70_000_000_000_123, "70000000000123"),
    ("local_id:1", "7~123", "70000000000123"),
    ("split:,", "a, b,,c", ["a", "b", "c"]),
    ("join:, ", ["a", None, 2], "a, 2"),
    ("join:,", "alone", "alone"),
    ("join:,", [{}], UNFIT),
    ("first", [None, "", 0], 0),
    ("first", [], None),
    ("last", ["a", "b", None], "b"),
    ("strongest", ["learner", "instructor"], "instructor"),
    ("strongest", [], None),
    ("strongest", ["king"], UNFIT),
    ("pairs:who:at", [{"who": [1, 2], "at": "x"}, {"who": 3, "at": None}], {"1": "x", "2": "x"}),
    ("pairs:who:at", ["x"], UNFIT),
    ("json", '{"a": [1]}', {"a": [1]}),
    ("json", "[" * 100_000, UNFIT),
    ("json", "NaN", UNFIT),
]

CHECKED: list[tuple[str, object, bool]] = [
    ("email", "ada@example.edu", True),
    ("email", "Ada@example.edu", False),
    ("nonempty", "x", True),
    ("nonempty", "  ", False),
    ("nonempty", {}, False),
    ("max:3", "abc", True),
    ("max:3", "abcd", False),
    ("max:3", 3.1, False),
    ("max:3", True, False),
    ("min:2", "a", False),
    ("min:2", 2, True),
    ("range:0:100", 100, True),
    ("range:0:100", 100.1, False),
    ("range:0:100", "50", False),
    ("match:[A-Z]{2}\\d+", "AB12", True),
    ("match:[A-Z]{2}\\d+", "AB12x", False),
    ("oneof:a, b", "b", True),
    ("oneof:a, b", "c", False),
    ("past", "2025-12-31T00:00:00Z", True),
    ("past", "2026-01-01T12:00:00Z", True),
    ("past", "2026-01-03T00:00:00Z", False),
    ("past", "2025-12-31", True),
    ("past", "soon", False),
    ("moment", "2026-08-15T06:00:00Z", True),
    ("moment", "2026-08-15", False),
]


def apply(said: str, value: object) -> object:
    name, _, argument = said.partition(":")
    transform = TRANSFORMS[name]
    step = transform.make(argument, WORDS)
    try:
        return (step if transform.listed else each_of(step))(value, ZONE)
    except Unfit:
        return UNFIT


@pytest.mark.parametrize(("said", "value", "meant"), TRANSFORMED)
def test_transforms(said: str, value: object, meant: object) -> None:
    if isinstance(meant, float):
        assert apply(said, value) == pytest.approx(meant)
    else:
        assert apply(said, value) == meant
        assert type(apply(said, value)) is type(meant)


@pytest.mark.parametrize(("said", "value", "holds"), CHECKED)
def test_checks(said: str, value: object, holds: bool) -> None:
    name, _, argument = said.partition(":")
    test = CHECKS[name].make(argument)
    if holds:
        test(value, NOW_US)
    else:
        with pytest.raises(Unfit):
            test(value, NOW_US)


def test_every_word_has_a_row() -> None:
    assert {said.partition(":")[0] for said, *_ in TRANSFORMED} == set(TRANSFORMS)
    assert {said.partition(":")[0] for said, *_ in CHECKED} == set(CHECKS)


@pytest.mark.parametrize(
    "said",
    ["text", "trim", "name", "lower", "email", "moment", "date", "locale", "timezone", "number", "boolean", "local_id"],
)
def test_what_is_done_twice_is_done_once(said: str) -> None:
    for other, value, meant in TRANSFORMED:
        if other == said and meant is not UNFIT and meant is not None:
            assert apply(said, apply(said, value)) == apply(said, value)


@pytest.mark.parametrize("said", ["local_id:x", "unix:h", "scale:1", "scale:1:0", "scale:a:b", "pairs:a"])
def test_arguments_that_are_none(said: str) -> None:
    name, _, argument = said.partition(":")
    with pytest.raises(ValueError, match=r".+"):
        TRANSFORMS[name].make(argument, WORDS)


@pytest.mark.parametrize("said", ["max:x", "min:", "range:1", "match:(", "match:" + "x" * 301])
def test_arguments_of_checks_that_are_none(said: str) -> None:
    name, _, argument = said.partition(":")
    with pytest.raises(ValueError, match=r".+"):
        CHECKS[name].make(argument)


def test_words_that_there_are_are_listed_whole() -> None:
    known = {f"a vocabulary's word {number:02}": "x" for number in range(50)}
    for said in (TRANSFORMS["word"].make("many", {"many": known}), CHECKS["oneof"].make(",".join(known))):
        with pytest.raises(Unfit) as told:
            said("another", ZONE)  # type: ignore[arg-type]  # neither looks at it
        words = told.value.suggestion.partition("this is none of ")[2] or told.value.suggestion.partition("it has: ")[2]
        *whole, end = words.rstrip(")").split(", ")
        assert set(whole) < set(known)
        assert whole
        assert end == "…"
    assert enumerated(["b", "a"]) == "a, b"
    assert enumerated(["x" * 300]) == "…"
