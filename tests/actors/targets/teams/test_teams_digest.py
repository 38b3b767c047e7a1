"""A digest of any size and with any names becomes a card that Teams takes, cut only between lines."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples

from actors.ports import Composed
from actors.targets.teams.render import BODY_BYTES_MAX, activity, escape, message, weight

MARK = "0190a0b0-c0d0-e0f0-0102-030405060708"
URL = "https://moodle.example.edu/course/view.php?id=7&lang=en"
NAME = st.text(max_size=300) | st.sampled_from(
    [
        '"' * 300,
        "\\" * 300,
        "*[_" * 100,
        "&<>",
        "😀" * 300,
        "👩‍👩‍👧‍👦 Ada",
        "עדה לאבלייס",
        "\u202eada\u202c",
        "",
        "\n- \n",
        "\ud83d",
        "x" * 300,
    ]
)
LINES = st.lists(NAME, min_size=1, max_size=12).flatmap(
    lambda names: st.integers(1, 250).map(
        lambda count: tuple(
            f"{escape(names[n % len(names)])}: {escape(names[(n * 7 + 1) % len(names)])} · {n}" for n in range(count)
        )
    )
)


def elements(composed: Composed, correlation: str = "c") -> list[dict[str, str]]:
    """The card's elements, after the body was found small enough."""
    raw = msgspec.json.encode(message(composed, MARK, correlation))
    assert weight(raw) <= BODY_BYTES_MAX
    (attachment,) = json.loads(raw)["attachments"]
    return json.loads(attachment["content"])["body"]


@settings(max_examples=examples(25), deadline=None)
@given(NAME, NAME, st.lists(st.tuples(NAME, NAME), max_size=25), LINES, st.sampled_from(["", URL]), NAME)
def test_any_digest_fits_and_counts_what_it_cuts(
    title: str, text: str, facts: list[tuple[str, str]], lines: tuple[str, ...], url: str, more: str
) -> None:
    said = tuple((escape(label), escape(value)) for label, value in facts)
    composed = Composed(
        title=escape(title), text=escape(text * 9), facts=said, url=url, lines=lines, more=escape(more), left_out=37
    )
    found = elements(composed, title)
    listed = sum(each.get("text", "").count("\n- ") + 1 for each in found if each.get("text", "").startswith("- "))
    assert 0 <= listed <= len(lines)
    cut = [each["text"] for each in found if each.get("text", "").startswith("… +")]
    assert listed == len(lines) or cut[-1].split(" ")[1] == f"+{len(lines) - listed + 37}"


def test_ordinary_lines_stay_whole_and_in_order() -> None:
    lines = tuple(f"Ada Lovelace: Quiz {n} graded · 17.5 / 20 (88%)" for n in range(150))
    composed = Composed(title="187 updates", text="150 grades", url=URL, lines=lines, more="and 37 more", left_out=37)
    title, text, listed, more, correlation = elements(composed)
    assert (title["text"], text["text"], more["text"], correlation["text"]) == (
        "187 updates",
        "150 grades",
        "and 37 more",
        "c",
    )
    assert listed["text"] == "\n".join(f"- {line}" for line in lines)


def test_a_cut_digest_ends_with_the_count_and_the_way_to_the_rest() -> None:
    lines = tuple(f"{n:03}: {'x' * 290}" for n in range(100))
    *_, listed, rest, _ = elements(Composed(title="t", text="100 grades", url=URL, lines=lines, left_out=2))
    kept = listed["text"].split("\n")
    assert kept == [f"- {line}" for line in lines[: len(kept)]]
    assert 35 < len(kept) < 50
    assert rest["text"] == f"… +{102 - len(kept)} [moodle.example.edu]({URL})"


def test_a_learner_is_notified_of_how_many() -> None:
    composed = Composed(title="5 updates", text="3 completions, 2 grades", url=URL, lines=("Quiz 1 completed",) * 5)
    headline, preview, link = activity(composed, "app", "home")
    assert (headline, preview) == ("5 updates", "3 completions, 2 grades")
    assert "webUrl=" in link
    bare = msgspec.structs.replace(composed, text="", lines=("Quiz 1 completed", "x" * 300))
    _, preview, _ = activity(bare, "app", "home")
    assert preview.startswith("Quiz 1 completed; xxx")
    assert len(preview) == 150
