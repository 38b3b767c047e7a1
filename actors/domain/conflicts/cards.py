"""What reviewers are shown of a conflict in a channel, and what a button on it says when it is pressed (pure).

A card is posted once and rewritten when something was decided: a delivery like any other, with the conflict's state as
its value. A button says which conflict it means, which of its fixes, and what the sides said when it was shown, so that
nobody decides about something else than they saw.
"""

import re
from typing import Literal

import msgspec

from actors.domain.changes import Change
from actors.domain.conflicts.model import Case, ConflictState, Event
from actors.domain.conflicts.spoken import event_in, facts_in
from actors.domain.conflicts.words import Language, label, reach, say, standing, title
from actors.domain.people import Learner

FIXES_SHOWN = 3
SIDES_SHOWN = 6
LABEL_CHARS_MAX = 70
TEXT_CHARS_MAX = 1_000
NAMES_CHARS_MAX = 200
_PRESSED = re.compile(r"conflict:(\d{1,15}):(reject|undo|\d{1,2}):([0-9a-f]{16}-\d{1,9})", re.ASCII)
NOBODY = Learner(key="")


class Button(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``sure``: what is asked before it counts (title, text, yes, no); empty: nothing is."""

    label: str
    value: str
    style: Literal["", "primary", "danger"] = ""
    sure: tuple[str, ...] = ()


class ReviewCard(Change, frozen=True, kw_only=True, omit_defaults=True, tag="review"):
    """A conflict as reviewers see it, in their language. ``url``: where all of it is; ``more``: what else is said."""

    conflict: int
    state: ConflictState
    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    url: str = ""
    raised_us: int = 0
    aspect = "review"
    standing = True

    @property
    def entity(self) -> str:
        """When it was raised is part of it, as with alarms: a store that was put back counts again from an earlier one,
        and the card of another question would be found at the vendor and taken for this one's."""
        return f"{self.aspect}|{self.conflict}|{self.raised_us}"

    @property
    def value(self) -> str:
        return self.state


class Pressed(msgspec.Struct, frozen=True):
    """What a button said: a fix's place, or what else is decided; ``mark``: what was shown (``Case.shown``)."""

    conflict: int
    choice: int | Literal["reject", "undo"]
    mark: str


def card(case: Case, language: Language, *, at: str, url: str = "", waiting: int = 0) -> ReviewCard:
    """``at``: when it is made (RFC 3339); ``waiting``: how many more are open."""
    case = msgspec.structs.replace(case, conflict=facts_in(case.conflict, language))
    told = case.conflict
    facts = [(say("says", language, about=side.who), _side(side.value, side.detail)) for side in told.sides]
    facts = facts[:SIDES_SHOWN]
    if (last := case.history[-1:]) and last[0].what == "refused":
        facts.append(("", _not_done(last[0], case, language)))
    if case.state != "open":
        facts.append((standing(case.state, language), _decided(case, language)))
    elif waiting:
        facts.append(("", say("more", language, about=waiting)))
    return ReviewCard(
        learner=NOBODY,
        at=at,
        conflict=case.no,
        state=case.state,
        title=title(told.kind, language),
        text=f"{told.about}: {told.detail}"[:TEXT_CHARS_MAX],
        facts=tuple(facts),
        buttons=tuple(_buttons(case, language)),
        url=url,
        raised_us=case.raised_us,
    )


def pressed(value: str) -> Pressed | None:
    """None for what no card of ours says."""
    found = _PRESSED.fullmatch(value)
    if found is None:
        return None
    no, choice, mark = found.groups()
    match choice:
        case "reject" | "undo":
            return Pressed(int(no), choice, mark)
        case _:
            return Pressed(int(no), int(choice), mark)


def _buttons(case: Case, language: Language) -> list[Button]:
    if case.state in {"approved", "rejected"}:
        return [Button(label=say("undo", language), value=f"conflict:{case.no}:undo:{case.shown}")]
    if case.state != "open":
        return []
    found = []
    for n, each in enumerate(case.conflict.fixes[:FIXES_SHOWN]):
        removes = each.blast.removes
        names = f" ({each.blast.note[:NAMES_CHARS_MAX]})" if each.blast.note else ""
        sure = (
            say("confirm", language),
            say("confirm.removes", language, about=f"{removes}{names}"),
            say("do", language),
            say("not", language),
        )
        found.append(
            Button(
                label=label(each.fix, language)[:LABEL_CHARS_MAX],
                value=f"conflict:{case.no}:{n}:{case.shown}",
                style="danger" if removes else "primary" if n == 0 else "",
                sure=sure if removes else (),
            )
        )
    return [*found, Button(label=say("leave", language), value=f"conflict:{case.no}:reject:{case.shown}")]


def _side(value: str, detail: str) -> str:
    return f"{value} ({detail})" if detail else value


def _not_done(event: Event, case: Case, language: Language) -> str:
    """What was pressed, and could not be done."""
    return say("not.done", language, about=event.who, why=event_in(event, case, language))


def _decided(case: Case, language: Language) -> str:
    by = say("by", language, about=case.decided_by) if case.decided_by else ""
    if case.choice is None or case.state == "rejected":
        return by
    chosen = case.conflict.fixes[case.choice]
    said = f"{label(chosen.fix, language)}: {reach(chosen.blast, language)}"
    return f"{said}, {by}" if by else said
