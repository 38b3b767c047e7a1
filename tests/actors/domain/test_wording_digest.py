"""What a digest says: one line for each change, in order, in the reader's language, by templates one may replace."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.changes import (
    Activity,
    ActivityCompleted,
    AnyChange,
    Course,
    CourseCompleted,
    Enrolled,
    GradePosted,
    Score,
    UserUpdated,
)
from actors.domain.digest import LISTED_MAX, kinds, ordered
from actors.domain.outbox import Composed, Parcel
from actors.domain.people import Learner
from actors.domain.wording import Catalogue, TemplateFault, default_templates

ADA = Learner(key="account:https://moodle.example.edu|ada", name="Ada Lovelace")
MARY = Learner(key="account:https://moodle.example.edu|mary", name="Mary Somerville")
ENGINES = Course(id="https://moodle.example.edu/course/view.php?id=7", name="Analytical Engines")
STARS = Course(id="https://moodle.example.edu/course/view.php?id=9", name="Stars")
QUIZ = Activity(id="https://moodle.example.edu/mod/quiz/view.php?id=3", name="Quiz 1")
START = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)


def at(hours: int) -> str:
    return (START + timedelta(hours=hours)).isoformat()


def graded(hours: int = 0, learner: Learner = ADA, course: Course | None = ENGINES) -> GradePosted:
    score = Score(raw=17.5, min=0, max=20)
    return GradePosted(learner=learner, at=at(hours), course=course, activity=QUIZ, score=score)


def completed(hours: int = 0, learner: Learner = ADA, course: Course | None = ENGINES) -> ActivityCompleted:
    return ActivityCompleted(learner=learner, at=at(hours), course=course, activity=QUIZ)


def digest(*items: AnyChange, **more: object) -> Parcel:
    plain = Parcel(
        delivery_id="0" * 32,
        correlation_id="c",
        destination="C1",
        address="C1",
        to_learner=False,
        change=items[0],
        template=None,
        locale="en",
        timezone="Europe/Berlin",
        attempt=1,
        now_us=0,
        sent_us=None,
        items=items,
    )
    return msgspec.structs.replace(plain, **more)


def said(parcel: Parcel, platform: str = "slack", **shelf: str) -> Composed:
    templates = {name.replace("__", "/"): text for name, text in shelf.items()}
    return Catalogue(templates, default_templates()).compose(parcel, platform, str)


# ── the templates that ship ──────────────────────────────────────────────────────────────────────────


def test_a_course_in_english() -> None:
    told = said(digest(completed(0), graded(1, MARY), graded(2)))
    assert told.title == "3 updates in Analytical Engines"
    assert told.text == "2 grades, 1 completion, since Sep 21, 2026, 4:13\u202fPM"
    assert told.lines == (
        "Ada Lovelace: Quiz 1 completed",
        "Mary Somerville: Quiz 1 graded · 17.5 / 20 (88%)",
        "Ada Lovelace: Quiz 1 graded · 17.5 / 20 (88%)",
    )
    assert (told.url, told.more, told.left_out) == (ENGINES.id, "", 0)


def test_a_learner_reads_it_in_german_and_about_every_course() -> None:
    items = (completed(0), CourseCompleted(learner=ADA, at=at(1), course=STARS), graded(2))
    told = said(digest(*items, locale="de-DE", to_learner=True, more=37))
    assert told.title == "40 Neuigkeiten"
    assert told.text == "1 Abschluss, 1 Kursabschluss, 1 Bewertung und 37 weitere, seit 21.09.2026, 16:13"
    assert told.lines == (
        "Quiz 1 abgeschlossen · Analytical Engines",
        "Quiz 1 bewertet · 17,5 / 20 (88 %) · Analytical Engines",
        "Stars abgeschlossen",
    )
    assert (told.more, told.left_out, told.url) == ("und 37 weitere", 37, "")


def test_one_change_alone_may_be_a_digest() -> None:
    told = said(digest(UserUpdated(learner=ADA, at="some day")))
    assert (told.title, told.text, told.lines) == (
        "1 update",
        "1 change of details",
        ("Ada Lovelace: details changed",),
    )


@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_kind_has_a_line_and_a_way_to_count(locale: str) -> None:
    for kind in AnyChange.__args__:
        given = {"activity": QUIZ, "score": Score(raw=1.0), "role": "teacher", "statement_id": "s", "verb": "v"}
        given |= {"due": at(0), "before_s": 60}
        fields = {name: value for name, value in given.items() if name in kind.__struct_fields__}
        change = kind(learner=ADA, at=at(0), course=ENGINES, **fields)
        for number in (1, 3):
            told = said(digest(*[change] * number, graded(course=STARS), locale=locale))
            assert told.lines[0].count("Quiz 1") + told.lines[0].count("Analytical Engines") > 0 or kind is UserUpdated
            assert change.kind not in told.lines, "the kind's own template spoke"
            assert f"{number}" in told.text
            assert f"{number} {change.kind}" not in told.text


def test_what_is_missing_is_simply_not_said() -> None:
    bare = [
        kind(
            learner=Learner(key="openid:https://who.example.edu/7"),
            at="",
            **{
                field.name: {"activity": Activity(id="a"), "score": Score()}.get(field.name, "")
                for field in msgspec.structs.fields(kind)
                if field.required and field.name not in ("learner", "at")
            },
        )
        for kind in AnyChange.__args__
    ]
    told = said(digest(*bare))
    assert len(told.lines) == len(bare)
    assert all("None" not in text and not text.endswith("· ") for text in (told.title, told.text, *told.lines))


# ── order ────────────────────────────────────────────────────────────────────────────────────────────


def test_courses_stand_together_and_time_goes_on_within_them() -> None:
    first, other, second = graded(0, course=STARS), graded(1, course=ENGINES), graded(3, course=STARS)
    nowhere = Enrolled(learner=ADA, at=at(0))
    timeless = msgspec.structs.replace(second, at="")
    assert ordered([nowhere, timeless, second, other, first]) == [first, second, timeless, other, nowhere]


CHANGES = st.builds(
    graded,
    st.integers(-9, 9),
    st.sampled_from([ADA, MARY]),
    st.sampled_from([ENGINES, STARS, None]),
) | st.builds(completed, st.integers(-9, 9), st.sampled_from([ADA, MARY]))


@given(st.lists(CHANGES, min_size=1, max_size=12))
def test_every_change_stands_in_it_once(items: list[AnyChange]) -> None:
    listed = ordered(items)
    assert sorted(map(repr, listed)) == sorted(map(repr, items))
    assert sum(number for _, number in kinds(items)) == len(items)
    told = said(digest(*items))
    assert len(told.lines) == len(items)
    assert told == said(digest(*items)), "the same digest says the same"
    courses = [change.course.id if change.course else "" for change in listed]
    assert len([one for one, other in pairwise(courses) if one != other]) < len(set(courses)), "each course once"


# ── templates of the operator ────────────────────────────────────────────────────────────────────────


def test_a_route_names_its_digest_and_the_rest_comes_from_the_default() -> None:
    own = "{% block title %}{{ digest.count }} for {{ digest.course or 'all' }}{% endblock %}"
    told = said(digest(graded(), template="weekly"), weekly=own)
    assert told.title == "1 for Analytical Engines"
    assert told.text.startswith("1 grade, since")
    assert told.lines == ("Ada Lovelace: Quiz 1 graded · 17.5 / 20 (88%)",)
    assert said(digest(graded()), digest=own).title == "1 for Analytical Engines"
    with pytest.raises(TemplateFault, match="absent"):
        said(digest(graded(), template="absent"))


@pytest.mark.parametrize(
    ("shelf", "line"),
    [
        ({"graded": "{% block line %}{{ learner }} got {{ score.raw }}{% endblock %}"}, "Ada Lovelace got 17.5"),
        ({"graded": "{% block title %}Grade: {{ learner }}{% endblock %}"}, "Grade: Ada Lovelace"),
        ({"graded": "a lone text"}, "Ada Lovelace: Quiz 1 graded · 17.5 / 20 (88%)"),
        (
            {"graded.de": "{% block line %}nur auf Deutsch{% endblock %}"},
            "Ada Lovelace: Quiz 1 graded · 17.5 / 20 (88%)",
        ),
        (
            {"graded": "{% block line %}all{% endblock %}", "slack__graded": "{% block line %}slack{% endblock %}"},
            "slack",
        ),
        (
            {"graded": '{% extends "default/graded" %}{% block line %}» {{ super() }}{% endblock %}'},
            "» Ada Lovelace: Quiz 1 graded · 17.5 / 20 (88%)",
        ),
        ({"digest": "{% block line %}{{ kind }}: {{ activity }}{% endblock %}"}, "graded: Quiz 1"),
        ({"digest": "{% block title %}a title of digests is no line{% endblock %}"}, "Ada Lovelace: Quiz 1 graded"),
        ({"graded": "{% block line %}\n\n {% endblock %}"}, "graded"),
        ({"graded": "{% block line %}one\n{{ learner }}\n{% endblock %}"}, "one Ada Lovelace"),
        ({"graded": "{% set who = learner %}{% block line %}{{ who }}{% endblock %}"}, "Ada Lovelace"),
    ],
)
def test_the_nearest_line_or_title_is_said(shelf: dict[str, str], line: str) -> None:
    told = said(digest(graded()), **shelf)
    assert told.lines[0].startswith(line)
    assert len(told.lines) == 1


def test_kinds_are_counted_in_the_operators_words() -> None:
    own = "{% block count %}{{ count }} {{ 'mark' if count == 1 else 'marks' }} ({{ kind }}){% endblock %}"
    assert said(digest(graded(), graded(), completed()), graded=own).text.startswith("2 marks (graded), 1 completion, ")
    told = said(digest(graded(), completed()), digest="{% block text %}{{ digest.counts|join(' & ') }}{% endblock %}")
    assert told.text == "1 completion & 1 grade"


def test_what_all_changes_share_has_the_usual_words() -> None:
    words = "{{ kind }} {{ count }} {{ learner }} {{ course.name }} {{ activity.name }} {{ score|points }}{{ role }}"
    own = {"digest": f"{{% block text %}}{words} {{{{ digest.until|date }}}}{{% endblock %}}"}
    assert (
        said(digest(graded(0), completed(24)), **own).text == "digest 2 Ada Lovelace Analytical Engines   Sep 22, 2026"
    )
    mixed = digest(graded(0), completed(24, MARY, STARS), more=1)
    assert said(mixed, **own).text.split() == ["digest", "3"], "and what they do not share says nothing"


def test_what_is_printed_is_escaped_once() -> None:
    told = Catalogue({}, default_templates()).compose(
        digest(graded(learner=Learner(key="k", name="A & B")), more=2), "slack", lambda text: text.replace("&", "&amp;")
    )
    assert told.lines[0].startswith("A &amp; B: ")
    both = Catalogue(
        {"graded": "{% block count %}{{ '&' }}{% endblock %}", "digest": "{{ digest.counts|join('&') }}"}, {}
    )
    items = (graded(), graded())
    text = both.compose(digest(*items), "slack", lambda text: text.replace("&", "&amp;")).text
    assert text == "&amp;"


# ── bounds and faults ────────────────────────────────────────────────────────────────────────────────


def test_more_than_can_be_listed_is_counted() -> None:
    told = said(digest(*[graded()] * (LISTED_MAX + 3), more=4))
    assert len(told.lines) == LISTED_MAX
    assert (told.left_out, told.more) == (7, "and 7 more")
    assert told.title == f"{LISTED_MAX + 7} updates in Analytical Engines"


@given(st.text(max_size=320), st.text(max_size=320), st.text(max_size=40), st.text(max_size=40))
def test_names_stay_on_their_line(name: str, course: str, moment: str, key: str) -> None:
    strange = GradePosted(
        learner=Learner(key=key, name=name),
        at=moment,
        course=Course(id=course, name=course),
        activity=Activity(id=course, name=name),
        score=Score(),
    )
    told = said(digest(strange, graded(), more=3, locale=course, timezone=moment, template=None))
    assert len(told.lines) == 2
    assert all(line and "\n" not in line for line in (*told.lines, told.title, told.more))


@pytest.mark.parametrize(
    ("shelf", "name", "line"),
    [
        ({"graded": "\n{% block line %}{{ learner.nickname }}{% endblock %}"}, "graded", 2),
        ({"graded": "\n\n{% block count %}{{ 1 / 0 }}{% endblock %}"}, "graded", 3),
        ({"graded": "{% block line %}{% for n in range(999) %}{% endfor %}{% endblock %}"}, "graded", 1),
        ({"digest": "\n{% block more %}{{ digest.nothing }}{% endblock %}"}, "digest", 2),
        ({"graded": "{% if %}"}, "graded", 1),
    ],
)
def test_a_fault_names_template_and_line(shelf: dict[str, str], name: str, line: int) -> None:
    with pytest.raises(TemplateFault) as caught:
        said(digest(completed(), graded(), more=1), **shelf)
    assert (caught.value.name, caught.value.line) == (name, line)
    assert said(digest(completed())).lines, "without that template it goes on"


def test_check_knows_the_template_and_its_blocks() -> None:
    good = {
        "digest": "{% block more %}{{ digest.more }} {{ digest.learner }}{% endblock %}",
        "graded": "{% block line %}{{ learner }}{% endblock %}{% block count %}{{ count }}{% endblock %}",
    }
    catalogue = Catalogue(good, default_templates())
    assert catalogue.check() == []
    assert catalogue.knows("digest")
    wrong = {"graded": "lost\n{% block line %}{{ digst.count }}{% endblock %}"}
    faults = Catalogue(wrong, default_templates()).check()
    assert sorted((fault.line, fault.message.split(" ")[0]) for fault in faults) == [(1, "text"), (2, "'digst'")]
