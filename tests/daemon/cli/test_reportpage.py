"""A report's page: whole without a network, everything escaped, in the reader's language; and the charts in it."""

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from typing import get_args

import msgspec
import pytest
from eye_samples import HOSTILE, report

from actors.domain.conflicts.model import ConflictKind
from actors.domain.verdicts import Cause
from daemon.cli import reportcharts as charts
from daemon.cli.reportpage import ERRORS, page
from daemon.cli.reporttexts import TEXTS
from daemon.cli.reportwords import Words, sentences
from daemon.control import views as v
from daemon.control.words import advice

EN, DE = TEXTS["en"], TEXTS["de"]
VOID = {"meta", "line", "rect", "circle", "polyline"}


class Tags(HTMLParser):
    """Which tags there are, and whether they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID and tag != "rect":
            return
        assert self.open.pop() == tag


def read(text: str) -> Tags:
    tags = Tags()
    tags.feed(re.sub(r"<circle([^>]*)><title>[^<]*</title></circle>", r"<circle\1/>", text))
    assert tags.open == []
    return tags


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "fr-FR", "no such thing"])
def test_it_stands_alone(locale: str) -> None:
    text = page(report(locale=locale))
    assert read(text).seen.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert "default-src 'none'" in text
    assert re.findall(r"(?:https?:)?//\w|url\(|@import|\bon\w+=", text) == []


def test_whatever_is_from_outside_is_escaped() -> None:
    row = report(name=HOSTILE)
    hostile = msgspec.structs.replace(
        row,
        letters=(v.WaitingCauseView(cause=HOSTILE, whose="ours", n=1, oldest_us=row.now_us, advice=HOSTILE),),
        conflicts=(v.DisagreementView(what=HOSTILE, n=1, oldest_us=row.now_us),),
        drift=tuple(msgspec.structs.replace(each, roster=HOSTILE) for each in row.drift),
        targets=(msgspec.structs.replace(row.whole, group=HOSTILE, total=False),),
        version=HOSTILE,
    )
    text = page(hostile)
    assert "<script" not in text
    assert "alert('x')" not in text
    assert text.count("&lt;script&gt;") >= 8
    read(text)


def test_sentences_come_first_and_say_what_is_wrong() -> None:
    text = page(report())
    assert text.index("4,770 changes reached people") < text.index("<svg")
    said = {sentence: tone for tone, sentence in sentences(report(), Words("en-GB", "Europe/Berlin"))}
    broken = "1 of 2 routes that promise a time did not keep it: acme grades (97.23% within 5 s, promised are 99.5%)."
    assert said[broken] == "bad"
    assert (
        said["14 deliveries are stuck and wait for a person. 9 of them can be mended on your side, see below."] == "bad"
    )
    assert said["Half of them arrived within 1 s, 95 of 100 within 4.9 s of being told."] == "plain"


def test_times_and_figures_are_the_readers() -> None:
    text = page(report(locale="de-DE"))
    assert "4.770 Änderungen" in text
    assert "lang='de'" in text
    assert "97,23 %" in text.replace("\xa0", " ")
    row = msgspec.structs.replace(report(), timezone="Pacific/Auckland")
    assert Words("en-GB", "Pacific/Auckland").moment(row.now_us) != Words("en-GB", "Europe/Berlin").moment(row.now_us)


def test_a_month_in_which_nothing_happened() -> None:
    nothing = v.FigureRow(tenant="acme", group="all", by="", total=True)
    row = v.ReportRow(
        tenant="acme",
        timezone="UTC",
        locale="en-GB",
        version="1",
        now_us=10**15,
        since_us=10**15 - 10**12,
        whole=nothing,
    )
    text = page(row)
    assert "Nothing was delivered since" in text
    assert "<svg" not in text
    read(text)


def test_every_language_has_every_text() -> None:
    assert EN.keys() == {name for name in DE if not name.startswith("advice_")}
    for name in EN:
        assert set(re.findall(r"{(\w+)}", EN[name])) == set(re.findall(r"{(\w+)}", DE[name])), name


@pytest.mark.parametrize("texts", [EN, DE], ids=["en", "de"])
def test_whatever_may_be_stuck_asked_or_go_wrong_has_its_text(texts: Mapping[str, str]) -> None:
    assert {f"cause_{cause.value}" for cause in Cause} <= texts.keys()
    assert {f"conflict_{kind}" for kind in get_args(ConflictKind)} <= texts.keys()
    assert {f"error_{name}" for name in ERRORS} <= texts.keys()


def test_a_german_page_has_no_english_on_it() -> None:
    letters = tuple(
        v.WaitingCauseView(cause=each.value, whose=each.whose.value, n=1, oldest_us=1, advice=advice(each))
        for each in Cause
    )
    conflicts = tuple(v.DisagreementView(what=kind, n=1, oldest_us=1) for kind in get_args(ConflictKind))
    text = page(msgspec.structs.replace(report(locale="de-DE"), letters=letters, conflicts=conflicts))
    words = set(re.findall(r"[a-z]+", re.sub(r"<style>.*?</style>|<[^>]*>", " ", text.lower(), flags=re.DOTALL)))
    assert words.isdisjoint({"the", "and", "of", "for", "it", "then", "please", "sources", "place"})
    assert all(escape(DE[f"advice_{each.value}"]) in text for each in Cause)


@pytest.mark.parametrize(
    ("value", "top"), [(0, 4), (1, 1), (3, 4), (7, 8), (9, 10), (110, 200), (1_300, 2_000), (0.3, 0.4)]
)
def test_a_scale_ends_at_a_round_figure(value: float, top: float) -> None:
    assert charts._rounded_up(value) == pytest.approx(top)


def test_what_nobody_knows_leaves_a_gap_in_a_line() -> None:
    frame = charts.Frame(["1", "2", "3", "4", "5"], str, "x")
    drawn = charts.lines(frame, [charts.Series("p", "c1", [1.0, 2.0, None, 1.0, 2.0])], durations=False)
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 4


def test_no_promise_is_rounded_to_kept() -> None:
    assert Words("en-GB", "UTC").percent(99.9999) == "99.99%"
    assert Words("en-GB", "UTC").percent(100.0) == "100%"
