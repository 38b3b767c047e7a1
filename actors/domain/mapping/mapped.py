"""A compiled mapping: what makes a canonical entity of a record, or says all that does not fit. Pure, and quick.

The loop of ``normalise`` is the way of every record of every source: it does per field only what that field asks for.
"""

from collections.abc import Callable, Mapping

import msgspec

from actors.domain.canonical import ENTITIES, AnyEntity, Flaw
from actors.domain.changes import Score
from actors.domain.harvest import Record
from actors.domain.mapping import moments
from actors.domain.mapping.checks import Test
from actors.domain.mapping.flaws import Unfit, flaw
from actors.domain.mapping.formats import Format
from actors.domain.mapping.frame import Frame
from actors.domain.mapping.kinds import Fit, fit_id
from actors.domain.mapping.paths import ABSENT, Getter
from actors.domain.mapping.transforms import Step

Meaning = Callable[[Record, AnyEntity | None], AnyEntity | tuple[Flaw, ...]]
Memory = dict[str, object]
"""What a text in a body came to, of one rule in one frame."""
Remembered = dict[tuple[str, str], tuple[Memory, ...]]
"""By (entity, form): a memory for each rule."""
REMEMBERED_MAX = 512
"""Texts of one rule: more are not told again soon enough."""
REMEMBERED_CHARS_MAX = 200
_LASTING = frozenset({str, bool, int, float})
"""Nobody can change them."""
_DICTS = frozenset({"identifiers", "attributes", "due_for"})


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table. Either ``get`` or ``format``. ``top`` and ``part`` are the field's name around its dot;
    ``steps`` and ``checks`` have the names by which flaws call them; ``default`` fits already, None: there is none.
    ``vital``: the entity does not exist without it."""

    name: str
    top: str
    part: str
    place: str
    get: Getter | None
    format: Format | None
    steps: tuple[tuple[str, Step], ...]
    checks: tuple[tuple[str, Test], ...]
    fit: Fit
    default: object
    vital: bool


class FormRules(msgspec.Struct, frozen=True, kw_only=True):
    partial: bool
    rules: tuple[FieldRule, ...]


class Mapped:
    """Version ``version`` of a source's mapping. ``tree`` is the table in full, after ``extends``; ``digest`` is that
    of what it does: equal digests map alike. ``forms`` are all (entity, form) that it has."""

    def __init__(
        self, version: int, note: str, tree: dict[str, object], digest: str, forms: dict[tuple[str, str], FormRules]
    ) -> None:
        self.version = version
        self.note = note
        self.tree = tree
        self.digest = digest
        self._forms = forms

    @property
    def forms(self) -> frozenset[tuple[str, str]]:
        return frozenset(self._forms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapped) and (self.version, self.note, self.digest) == (
            other.version, other.note, other.digest,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.version, self.digest))

    def __repr__(self) -> str:
        return f"Mapped(version={self.version}, digest={self.digest!r})"

    def rules(self, entity: str, form: str) -> tuple[FieldRule, ...]:
        """In the order in which they are applied; of a form it does not have, none."""
        found = self._forms.get((entity, form))
        return found.rules if found is not None else ()

    def within(self, frame: Frame) -> Meaning:
        """``normalise`` in this frame: (record, what is known of the entity or None) → what it means. It remembers
        what texts came to: a reading tells the same roles, days, people and courses again and again."""
        remembered: Remembered = {}
        return lambda record, known: self.normalise(record, frame, known, remembered)

    def normalise(
        self,
        record: Record,
        frame: Frame,
        known: AnyEntity | None = None,
        remembered: Remembered | None = None,
    ) -> AnyEntity | tuple[Flaw, ...]:
        """What the record means, or every flaw it has. Of a partial one, fields that the body does not tell are those
        of ``known``. Never raises, whatever the body. ``remembered``: of this frame."""
        remembered = {} if remembered is None else remembered
        form = self._forms.get((record.entity, record.form))
        if form is None:
            return (_no_form(self, record),)
        flaws: list[Flaw] = []
        try:
            fit_id(record.id)
        except Unfit as unfit:
            flaws.append(flaw("id", "id", record.id, unfit.suggestion))
        if type(known) is not ENTITIES[record.entity] or not (record.partial or form.partial):
            known = None
        memories = remembered.get((record.entity, record.form))
        if memories is None:
            memories = remembered[record.entity, record.form] = tuple({} for _ in form.rules)
        values, lost = self._values(form.rules, memories, record, frame, known, flaws)
        _whole(record.entity, values, lost, form.rules, flaws)
        if flaws:
            return tuple(flaws)
        values["id"] = record.id
        return ENTITIES[record.entity](**values)  # type: ignore[arg-type]  # each value fits its field

    def _values(
        self,
        rules: tuple[FieldRule, ...],
        memories: tuple[Memory, ...],
        record: Record,
        frame: Frame,
        known: AnyEntity | None,
        flaws: list[Flaw],
    ) -> tuple[dict[str, object], set[str]]:
        """The fields, and which were lost to flaws. ``memories``: what texts came to, of each rule."""
        values = {} if known is None else _of_known(known)
        mapped: dict[str, object] = {}
        lost: set[str] = set()
        body, zone, now_us = record.body, frame.timezone, frame.now_us
        for rule, memory in zip(rules, memories, strict=True):
            value: object = None
            told: object = None
            try:
                if rule.get is not None:
                    told = value = rule.get(body)
                elif rule.format is not None:
                    if lost and not lost.isdisjoint(rule.format.needs):
                        lost.add(rule.name)
                        continue
                    told = value = rule.format.render(record.id, frame, mapped)
                absent = value is ABSENT
                text = told if isinstance(told, str) and rule.get is not None else None
                told_before = text is not None and text in memory
                if text is not None and told_before:
                    value = memory[text]
                elif absent or value is None or (value.__class__ is str and not value.strip()):
                    value = None
                else:
                    for _, step in rule.steps:
                        value = step(value, zone)
                        if value is None or value == "":
                            value = None
                            break
                if value is not None and not told_before:
                    value = rule.fit(value)
                    for _, test in rule.checks:
                        test(value, now_us)
                    if text is not None and value.__class__ in _LASTING and len(text) <= REMEMBERED_CHARS_MAX:
                        if len(memory) == REMEMBERED_MAX:
                            memory.clear()
                        memory[text] = value
            except Unfit as unfit:
                flaws.append(_flawed(rule, unfit, told, body, zone, now_us))
                lost.add(rule.name)
                continue
            if value is None or value == {}:
                if absent and known is not None and (rule.part or rule.top in values):
                    continue
                if rule.default is not None:
                    value = rule.default
                elif rule.vital:
                    flaws.append(flaw("required", rule.place, told if told is not ABSENT else None, _needed(rule)))
                    lost.add(rule.name)
                    continue
            mapped[rule.name] = value
            if not rule.part:
                if value is None:
                    values.pop(rule.top, None)
                else:
                    values[rule.top] = value
            else:
                parts = values.get(rule.top)
                if parts.__class__ is not dict:
                    parts = values[rule.top] = {}
                if value is None:
                    parts.pop(rule.part, None)
                else:
                    parts[rule.part] = value
        return values, lost


def _of_known(known: AnyEntity) -> dict[str, object]:
    """Its fields that say something, in parts where they have parts."""
    values: dict[str, object] = {}
    for name in known.__struct_fields__:
        value = getattr(known, name)
        if isinstance(value, Score):
            given = {part: getattr(value, part) for part in ("raw", "min", "max")}
            value = {part: each for part, each in given.items() if each is not None}
        elif name in _DICTS:
            value = dict(value)
        if value is not None and value != "":
            values[name] = value
    return values


def _whole(
    entity: str, values: dict[str, object], lost: set[str], rules: tuple[FieldRule, ...], flaws: list[Flaw]
) -> None:
    """What fields say together. Scores become scores; where no points are told there is none."""
    points = values.get("score")
    if isinstance(points, dict):
        if points.get("raw") is None:
            values.pop("score")
        else:
            score = Score(**points)
            values["score"] = score
            if score.min is not None and score.max is not None and score.min >= score.max:
                suggestion = "the least points there can be are fewer than the most: map score.min and score.max anew"
                flaws.append(flaw("range", _place(rules, "score.max"), points, suggestion))
    start, end = values.get("start"), values.get("end")
    if isinstance(start, str) and isinstance(end, str) and start and end and moments.before(end, start):
        suggestion = f"it ends before it begins ({start})"
        flaws.append(flaw("order", _place(rules, "end"), end, suggestion))
    for name, needed in _NEEDED[entity]:
        if needed and name not in values and name not in lost and not any(rule.top == name for rule in rules):
            flaws.append(flaw("required", name, None, f"this form does not tell the {name}, and nothing is known yet"))


_NEEDED: dict[str, tuple[tuple[str, bool], ...]] = {
    name: tuple((field.name, field.required) for field in msgspec.structs.fields(struct) if field.name != "id")
    for name, struct in ENTITIES.items()
}


def _place(rules: tuple[FieldRule, ...], name: str) -> str:
    return next((rule.place for rule in rules if rule.name == name), name)


def _needed(rule: FieldRule) -> str:
    return f"{rule.name} is needed and there is nothing: map it from elsewhere, or give it a default"


def _flawed(rule: FieldRule, unfit: Unfit, told: object, body: Mapping[str, object], zone: str, now_us: int) -> Flaw:
    """Which word of the rule did not take which value."""
    value = told if told is not ABSENT else None
    name = unfit.rule or _culprit(rule, value, zone, now_us)
    shown = unfit.value if unfit.value is not None else value if rule.get is not None else None
    return flaw(name, rule.place, shown, f"{rule.name}: {unfit.suggestion}")


def _culprit(rule: FieldRule, value: object, zone: str, now_us: int) -> str:
    """Only for flaws, which are few: the steps are gone through once more."""
    for name, step in rule.steps:
        try:
            value = step(value, zone)
        except Unfit:
            return name
        if value is None or value == "":
            break
    try:
        fitting = rule.fit(value)
    except Unfit:
        return "type"
    for name, test in rule.checks:
        try:
            test(fitting, now_us)
        except Unfit:
            return name
    return "type"


def _no_form(mapping: Mapped, record: Record) -> Flaw:
    forms = ", ".join(sorted(form for entity, form in mapping.forms if entity == record.entity)) or "none"
    suggestion = f"the mapping has no [{record.entity}.{record.form}] (of {record.entity} it has: {forms}): add it"
    return flaw("form", record.entity, record.form, suggestion)
