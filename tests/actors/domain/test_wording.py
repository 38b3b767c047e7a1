"""What is said, by which template, in which language, and what a template cannot do."""

from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.changes import Activity, AnyChange, Course, CourseCompleted, GradePosted, Score
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.domain.wording import Catalogue, TemplateFault, default_templates, shipped_with

ADA = Learner(key="account:https://moodle.example.edu|ada", name="Ada Lovelace", email="ada@example.edu")
COURSE = Course(id="https://moodle.example.edu/course/view.php?id=7&lang=en", name="Analytical Engines", code="AE-101")
QUIZ = Activity(id="https://moodle.example.edu/mod/quiz/view.php?id=3", name="Quiz 1")
AT = "2026-09-21T14:13:20Z"
GRADED = GradePosted(learner=ADA, at=AT, course=COURSE, activity=QUIZ, score=Score(raw=17.5, min=0, max=20))
TOLD = {
    "statement_id": "0198c0de-0000-4000-8000-000000000001",
    "verb": "http://adlnet.gov/expapi/verbs/attended",
    "due": AT,
    "before_s": 60,
}
KINDS = [kind.__struct_config__.tag for kind in AnyChange.__args__]


def every_change(**more: object) -> Iterator[AnyChange]:
    """One change of each kind, first with all it may say, then with as little as it can."""
    for kind in AnyChange.__args__:
        given = {"activity": QUIZ, "score": Score(raw=17.5, min=0, max=20), "role": "teacher", **TOLD, **more}
        fields = {name: value for name, value in given.items() if name in kind.__struct_fields__}
        yield kind(learner=ADA, at=AT, course=COURSE, **fields)
        needed = {name: Score() if name == "score" else fields[name] for name in fields if _required(kind, name)}
        yield kind(learner=Learner(key="openid:https://who.example.edu/7"), at="", **needed)


def _required(kind: type[msgspec.Struct], name: str) -> bool:
    return any(field.name == name and field.required for field in msgspec.structs.fields(kind))


def parcel(change: AnyChange = GRADED, **more: object) -> Parcel:
    plain = Parcel(
        delivery_id="0" * 32,
        correlation_id="c",
        destination="C1",
        address="C1",
        to_learner=False,
        change=change,
        template=None,
        locale="en",
        timezone="Europe/Berlin",
        attempt=1,
        now_us=0,
        sent_us=None,
    )
    return msgspec.structs.replace(plain, **more)


def upper(text: str) -> str:
    return text.upper()


def text_of(template: str, change: AnyChange = GRADED, platform: str = "slack") -> str:
    return (
        Catalogue({"mine": template}, default_templates())
        .compose(parcel(change, template="mine"), platform, upper)
        .text
    )


# ── the templates that ship ──────────────────────────────────────────────────────────────────────────


def test_who_says_the_same_shares_one() -> None:
    plain = shipped_with({})
    assert shipped_with({}) is plain
    own = shipped_with({"cheer": "{{ course }}!"})
    assert own is not plain
    assert own.knows("cheer")
    assert not plain.knows("cheer")


def test_every_kind_has_a_default_in_both_languages_without_mistakes() -> None:
    names = [*KINDS, "digest"]
    assert set(default_templates()) == {*names, *(f"{name}.de" for name in names)}
    assert Catalogue({}, default_templates()).check() == []


@pytest.mark.parametrize("locale", ["en", "de-AT"])
def test_defaults_name_the_learner_and_what_it_is_about(locale: str) -> None:
    catalogue = Catalogue({}, default_templates())
    for change in every_change():
        said = catalogue.compose(parcel(change, locale=locale), "slack", str)
        everything = f"{said.title} {said.text}"
        if change.learner is ADA:
            assert "Ada Lovelace" in everything
            assert "Quiz 1" in everything or "Analytical Engines" in everything or change.kind == "user_updated"
            assert said.url.startswith("https://moodle.example.edu/")
            assert all(value for _, value in said.facts)
        else:
            assert "https://who.example.edu/7" in everything
            assert "None" not in everything
            assert said.url == "" or "Quiz" in everything


def test_a_grade_in_two_languages() -> None:
    catalogue = Catalogue({}, default_templates())
    english = catalogue.compose(parcel(), "slack", str)
    assert english.text == "Ada Lovelace received 17.5 / 20 (88%) for Quiz 1 in Analytical Engines."
    assert english.facts[0] == ("Course", "Analytical Engines")
    assert english.url == QUIZ.id
    german = catalogue.compose(parcel(locale="de_DE"), "slack", str)
    assert german.text == "Ada Lovelace hat für Quiz 1 in Analytical Engines 17,5 / 20 (88\u00a0%) erhalten."
    assert ("Wann", "21.09.2026, 16:13") in german.facts


def test_what_is_fixed_in_a_template_is_said_to_each_reader_in_their_own_way() -> None:
    catalogue = Catalogue({"mine": "{{ 1234.5|number }} {{ 75|percent }}"}, default_templates())
    said = [catalogue.compose(parcel(template="mine", locale=each), "slack", str).text for each in ("en", "de", "en")]
    assert said == ["1,234.5 75%", "1.234,5 75\u00a0%", "1,234.5 75%"]


def test_tenants_share_code_and_nothing_of_each_other() -> None:
    """The same text under the same name: each extends what its own tenant has, in its own reader's way."""
    mine = '{% extends "graded" %}{% block text %}{{ super() }} {{ 1.5|number }}{% endblock %}'
    one, two = (
        Catalogue({"mine": mine, "graded": f"{{% block text %}}{of}{{% endblock %}}"}, default_templates())
        for of in ("of one", "of two")
    )
    for catalogue, locale, text in ((one, "en", "of one 1.5"), (two, "de", "of two 1,5"), (one, "en", "of one 1.5")):
        assert catalogue.compose(parcel(template="mine", locale=locale), "slack", str).text == text


@pytest.mark.parametrize("locale", ["", "xx-YY", "not a locale", "fr"])
def test_an_unknown_language_is_answered_in_english(locale: str) -> None:
    said = Catalogue({}, default_templates()).compose(parcel(locale=locale, timezone="Mars/Base"), "slack", str)
    assert said.title == "Ada Lovelace: grade for Quiz 1"
    assert dict(said.facts)["When"]


def test_a_learner_without_a_name_is_the_address_then_the_account() -> None:
    unnamed = msgspec.structs.replace(GRADED, learner=msgspec.structs.replace(ADA, name=""))
    assert text_of("{{ learner }}", unnamed) == "ADA@EXAMPLE.EDU"
    nobody = msgspec.structs.replace(GRADED, learner=Learner(key="account:https://moodle.example.edu|ada"))
    assert text_of("{{ learner.name }} {{ learner.account }}", nobody) == "ADA ADA"


# ── which template ───────────────────────────────────────────────────────────────────────────────────


def test_the_nearest_template_speaks() -> None:
    shelf = {"graded": "all", "slack/graded": "slack", "graded.de": "alle", "slack/graded.de": "slack auf Deutsch"}
    cases = [("slack", "de-DE"), ("slack", "en"), ("teams", "de"), ("teams", "en")]
    catalogue = Catalogue(shelf, default_templates())
    said = [catalogue.compose(parcel(locale=locale), platform, str).text for platform, locale in cases]
    assert said == ["slack auf Deutsch", "slack", "alle", "all"]


def test_a_route_names_its_template_and_the_rest_comes_from_the_kind() -> None:
    catalogue = Catalogue({"short": "{% block text %}{{ activity }}!{% endblock %}"}, default_templates())
    said = catalogue.compose(parcel(template="short"), "slack", str)
    assert said.text == "Quiz 1!"
    assert said.title == "Ada Lovelace: grade for Quiz 1"
    assert catalogue.knows("short")
    assert not catalogue.knows("long")


def test_a_template_may_build_on_the_default_of_its_own_name() -> None:
    source = '{% extends "default/graded" %}{% block text %}{{ super() }} Bravo!{% endblock %}'
    catalogue = Catalogue({"graded.j2": source}, default_templates())
    said = catalogue.compose(parcel(), "slack", str)
    assert said.text.endswith("in Analytical Engines. Bravo!")
    assert said.facts
    assert catalogue.check() == []


def test_what_a_template_sets_its_blocks_know() -> None:
    source = (
        '{% set cheer = "Bravo" %}{% macro twice(word) %}{{ word }} {{ word }}{% endmacro %}'
        "{% block title %}{{ twice(cheer) }}{% endblock %}{% block text %}{{ cheer }}{% endblock %}"
    )
    catalogue = Catalogue({"mine": source}, default_templates())
    said = catalogue.compose(parcel(template="mine"), "slack", upper)
    assert (said.title, said.text) == ("BRAVO BRAVO", "BRAVO")
    assert catalogue.check() == []


def test_a_route_whose_template_is_missing_is_told() -> None:
    with pytest.raises(TemplateFault, match="absent"):
        Catalogue({}, default_templates()).compose(parcel(template="absent"), "slack", str)


# ── printing ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("plain {{ learner }}", "plain ADA LOVELACE"),
        ("{{ 'constant' }}", "CONSTANT"),
        ("{{ course.code ~ '-x' }}", "AE-101-X"),
        ("{{ ['a', learner]|join('; ') }}", "A; ADA LOVELACE"),
        ("{{ role }}{{ none }}", ""),
        ("{{ 1234.5 }} {{ 12.345|percent }}", "1,234.5 12%"),
        ("{{ at|date }}", "SEP 21, 2026"),
        ("{{ 'soon'|date }}", "SOON"),
        ("{{ link(url, activity) }}", "<https://moodle.example.edu/mod/quiz/view.php?id=3|QUIZ 1>"),
        ("see {{ link(url, 'it') ~ ' & more' }}", "see <https://moodle.example.edu/mod/quiz/view.php?id=3|IT> & MORE"),
        ("{{ link('javascript:alert(1)', 'it') }}", "IT"),
        ("{{ learner.name|replace('Ada', 'A.')|trim }}", "A. LOVELACE"),
        ("{% for n in range(3) %}{{ n }}{% if not loop.last %},{% endif %}{% endfor %}", "0,1,2"),
        ("{{ score }}", "17.5 / 20 (88%)"),
        ("{{ score.raw * 2 }} {{ kind }}", "35 GRADED"),
        ("{{ digest.course.name }}{{ digest.learner }}", ""),
        ("{{ count }}", "1"),
    ],
)
def test_values_are_escaped_as_they_are_printed(template: str, said: str) -> None:
    assert text_of(template) == said


def test_links_elsewhere() -> None:
    template = "{{ link(url, activity) }}"
    assert text_of(template, platform="teams") == "[QUIZ 1](https://moodle.example.edu/mod/quiz/view.php?id=3)"
    assert text_of(template, platform="pager").startswith("QUIZ 1 (HTTPS://")


@given(st.text(max_size=400), st.text(max_size=400))
def test_names_stay_on_their_line_and_are_escaped_once(name: str, course: str) -> None:
    change = msgspec.structs.replace(
        GRADED,
        learner=msgspec.structs.replace(ADA, name=name),
        course=msgspec.structs.replace(COURSE, name=course),
    )
    escaped: list[str] = []

    def escape(text: str) -> str:
        escaped.append(text)
        return f"‹{text.replace('‹', '').replace('›', '')}›"

    said = Catalogue({}, default_templates()).compose(parcel(change), "slack", escape)
    assert len(said.facts) == 3
    assert [label for label, _ in said.facts] == ["Course", "Score", "When"]
    assert "‹‹" not in said.text
    assert all("\n" not in text and len(text) <= 300 for text in escaped)
    assert "\n" not in said.title


def test_what_is_not_known_has_no_name_either() -> None:
    course = CourseCompleted(learner=ADA, at=AT, course=COURSE)
    assert text_of("{{ activity.name or course.name }}", course) == "ANALYTICAL ENGINES"
    assert text_of("{{ activity.name }}{% if activity.url %}x{% endif %}", course) == ""


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("one\n{% if %}", 2, "Expected an expression"),
        ("\n\n{{ learner.nickname }}", 3, "nickname"),
        ("\n{{ teacher }}", 2, "teacher"),
        ("{{ learner|shout }}", 1, "shout"),
        ("\n{{ 1 / 0 }}", 2, "division"),
        ("{{ learner.__class__ }}", 1, "unsafe"),
        ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
        ("{{ 'x'.format(1) }}", 1, "not safely callable"),
        ("{{ range(10000000) }}", 1, "a range has at most"),
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", 1, "steps"),
        ("{% for a in range(999) %}{{ 'x' ~ at ~ url ~ learner ~ course ~ activity }}{% endfor %}", 0, "says more"),
        ("{{ 'x' * 1000000000 }}", 1, "numbers only"),
        ("{{ 9 ** 9 ** 9 }}", 1, "not available"),
        ("{{ '%999999999d' % 1 }}", 1, "numbers only"),
        ("{{ 'x'|center(999999999) }}", 1, "center"),
        (
            "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            1,
            "larger|more",
        ),
        ("{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}", 1, "more"),
        ("{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}", 1, "more"),
        ("{% set n = namespace(x=7) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}", 1, "number"),
        ("{% macro m(n) %}{{ m(n - 1) }}{{ m(n - 1) if n else '' }}{% endmacro %}{{ m(40) }}", 1, "deeply|steps"),
        (
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
            1,
            "steps",
        ),
        ("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", 1, "recursive"),
        ("{{ [1, 2] }}", 1, "a list has no text"),
        ('{% extends "mine" %}', 0, "or itself"),
        ('{% include "mine" %}', 1, "deeply|calls itself"),
        ('{% extends "elsewhere" %}', 0, "there is no template 'elsewhere'"),
        ("{% include learner %}", 1, "plain text"),
        ("(" * 10 + "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", 0, "deeply"),
        ("x" * 70_000, 1, "longer"),
    ],
)
def test_a_fault_names_template_and_line(source: str, line: int, message: str) -> None:
    catalogue = Catalogue({"mine": source}, default_templates())
    with pytest.raises(TemplateFault, match=message) as caught:
        catalogue.compose(parcel(template="mine"), "slack", str)
    assert (caught.value.name, caught.value.line) == ("mine", line)
    assert "mine" in str(caught.value)
    with pytest.raises(TemplateFault, match=message):
        catalogue.compose(parcel(template="mine"), "slack", str)
    assert catalogue.compose(parcel(), "slack", str).title, "the other templates still work"


def test_check_finds_what_needs_no_change_to_be_found() -> None:
    templates = {
        "good": "{% block text %}{{ learner }}{% endblock %}",
        "syntax": "\n{% endif %}",
        "teams/stranger": "\n\n{% block text %}{{ teacher }}{% endblock %}",
        "lost": "Hello\n{% block text %}{{ learner }}{% endblock %}",
    }
    faults = {fault.name: fault for fault in Catalogue(templates, default_templates()).check()}
    assert faults.keys() == {"syntax", "teams/stranger", "lost"}
    assert faults["syntax"].line == 2
    assert faults["teams/stranger"].line == 3
    assert "teacher" in faults["teams/stranger"].message
    assert "never said" in faults["lost"].message


@given(st.text(alphabet="{}%#abcdefor in|.~()[]'\"+*1 \n", max_size=60))
def test_any_source_is_said_or_a_fault(source: str) -> None:
    catalogue = Catalogue({"mine": source}, {})
    catalogue.check()
    with suppress(TemplateFault):
        assert isinstance(catalogue.compose(parcel(template="mine"), "slack", str).text, str)
