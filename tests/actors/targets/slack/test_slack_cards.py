"""Cards for reviewers as Slack's own SDK reads them: every class, open and decided, in both languages, however long."""

import msgspec
import pytest
from seeded_conflicts import NOW_US, seeded
from slack_sdk.models.blocks import Block

from actors.domain.conflicts.cards import Pressed, card, pressed
from actors.domain.conflicts.model import Case, ConflictKind, ConflictState, Side
from actors.domain.conflicts.words import Language
from actors.domain.outbox import Parcel
from actors.domain.wording import Catalogue, default_templates
from actors.targets.slack.fake.blocks import problems
from actors.targets.slack.render import escape, fallback, render

WORDING = Catalogue({}, default_templates())
MARK = "0123456789abcdef"
LONG = "Ä<b>&" * 2_000


def a_case(kind: ConflictKind, state: ConflictState = "open", *, long: bool = False) -> Case:
    conflict = seeded()[kind]
    if long:
        sides = tuple(Side(who=LONG, value=LONG, detail=LONG) for _ in range(20))
        conflict = msgspec.structs.replace(conflict, about=LONG, detail=LONG, sides=sides)
    return Case(
        no=17,
        tenant="acme",
        conflict=conflict,
        mark=MARK,
        state=state,
        raised_us=NOW_US,
        seen_us=NOW_US,
        times=1,
        decided_by="" if state == "open" else "ann@example.edu",
        choice=0 if state in ("approved", "undone") else None,
    )


def rendered(case: Case, language: Language) -> tuple[list[dict[str, object]], str]:
    change = card(case, language, at="2027-01-15T08:00:00Z", url="https://sync.example.edu/t/acme/review/17", waiting=3)
    parcel = Parcel(
        delivery_id="d",
        correlation_id="c",
        destination="C1",
        address="C1",
        to_learner=False,
        change=change,
        template=None,
        locale="de-DE" if language == "de" else "en",
        timezone="UTC",
        attempt=1,
        now_us=NOW_US,
        sent_us=None,
    )
    composed = WORDING.compose(parcel, "slack", escape)
    return render(composed, "c"), fallback(composed)


def buttons(blocks: list[dict[str, object]]) -> list[str]:
    found = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]  # type: ignore[attr-defined]
    return [each["value"] for each in found]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("kind", seeded())
def test_a_card_is_valid_and_its_buttons_say_what_they_mean(kind: ConflictKind, long: bool, language: Language) -> None:
    case = a_case(kind, long=long)
    blocks, text = rendered(case, language)
    assert problems(blocks) == []
    for block in Block.parse_all(blocks):
        block.validate_json()
    assert text
    said = [pressed(value) for value in buttons(blocks)]
    fixes = min(3, len(case.conflict.fixes))
    assert said == [
        *(Pressed(17, n, f"{MARK}-0") for n in range(fixes)),
        Pressed(17, "reject", f"{MARK}-0"),
    ]


@pytest.mark.parametrize("state", ["approved", "rejected", "settled", "undone"])
def test_what_was_decided_has_no_buttons_but_the_one_that_takes_it_back(state: ConflictState) -> None:
    blocks, text = rendered(a_case("stranger", state), "en")
    said = [pressed(value) for value in buttons(blocks)]
    assert said == ([Pressed(17, "undo", f"{MARK}-0")] if state in {"approved", "rejected"} else [])
    assert "ann@example.edu" in text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "conflict",
        "conflict:1:0:x",
        f"conflict:1:0:{MARK}-0 ",
        f"conflict:-1:0:{MARK}-0",
        f"conflict:1:100:{MARK}-0",
        f"conflict:1:drop:{MARK}-0",
        f"conflict:{'9' * 16}:0:{MARK}-0",
        f"conflict:1:0:{MARK}",
        f"conflict:1:0:{MARK}-x",
    ],
)
def test_what_no_card_of_ours_says_is_nothing(value: str) -> None:
    assert pressed(value) is None
