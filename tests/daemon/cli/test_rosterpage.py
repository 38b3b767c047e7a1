"""The page of a report: it stands alone, says who is out of step, and takes nobody's name for markup."""

from xml.etree import ElementTree as ET

from daemon.cli.rosterpage import chart, page
from daemon.control.reconciled import DriftRow, RosterRow, StandingRow

DAY_US = 86_400_000_000
PLACE = RosterRow(
    tenant="acme", roster="classes", unit="course:1", label="CS101", lane="acme/slack", place_kind="channel",
    people=2, in_step=1, unmatched=1,
)  # fmt: skip


def night(n: int, unmatched: int) -> DriftRow:
    return DriftRow(tenant="acme", roster="classes", at_us=1_800_000_000_000_000 + n * DAY_US, unmatched=unmatched)


def person(name: str, standing: str) -> StandingRow:
    return StandingRow(tenant="acme", roster="classes", label="CS101", name=name, standing=standing, detail="why & how")


def test_the_page_needs_nothing_else_and_shows_who_is_out_of_step() -> None:
    people = [person("Ada", "in_step"), person("<script>Bob</script>", "unmatched")]
    told = page("acme", [PLACE], people, [night(0, 3), night(1, 1)], "2 of 2 people enrolled are accounted for")
    assert "2 of 2 people enrolled are accounted for" in told
    assert "&lt;script&gt;Bob" in told
    assert "<script" not in told
    assert "Ada" not in told
    assert "http" not in told
    assert "why &amp; how" in told


def test_the_chart_goes_down_as_fewer_are_out_of_step() -> None:
    root = ET.fromstring(chart([night(0, 4), night(1, 2), night(2, 0)]))  # ours
    [line] = [each for each in root.iter("polyline") if each.get("stroke") == "#c0392b"]
    heights = [float(point.split(",")[1]) for point in (line.get("points") or "").split()]
    assert heights == sorted(heights)
    assert len(heights) == 3
    assert "unmatched 0" in (root.get("aria-label") or "")


def test_the_figures_of_the_chart_say_of_when_they_are() -> None:
    root = ET.fromstring(chart([night(0, 4), night(1, 2)]))  # ours
    texts = [each.text or "" for each in root.iter("text")]
    assert "unmatched 2" in texts
    assert "figures: the last comparison of all, 2027-01-16 08:00 UTC" in texts


def test_one_night_makes_no_chart() -> None:
    assert "<svg" not in chart([night(0, 1)])
