"""What is said about a change: templates, compiled once, in the reader's locale and time zone.

A template has the blocks ``title``, ``text``, ``facts`` (lines ``Label: value``; those without a value are dropped)
and ``url``. A block it does not have comes from the default of the change's kind, and a template without any block
is the ``text``. Sought in this order, each first with the reader's language (``graded.de``), then without:

    PLATFORM/NAME, NAME                the operator's, where NAME is the route's template, else the change's kind
    NAME                               the default that ships

A digest is said by the template ``digest`` (or the route's), which has the words of ``digest`` and a block ``more``
for what it leaves out. Each change in it is one line: the block ``line`` of its kind's template, else its ``title``.
How many of a kind there are says that template's block ``count`` (``3 completions``). A digest's own template may have
these blocks too; then they are for every kind.

``{% extends "default/graded" %}`` reaches the default behind a template of the same name. The words of templates are
in ``views``, the walls around them in ``sandbox``. Every value is escaped for the platform as it is printed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from urllib.parse import quote
from weakref import WeakValueDictionary

import msgspec
from jinja2.runtime import Context

from actors.domain.alarms import AlarmCard
from actors.domain.alarmspeech import facts_of, text_of, title_of
from actors.domain.blocks import BLOCKS, PARTS, Plan, TemplateFault, assigned, mistakes, ready
from actors.domain.changes import AnyChange
from actors.domain.conflicts.cards import ReviewCard
from actors.domain.digest import LISTED_MAX, kinds, ordered, overview, words_of
from actors.domain.outbox import Composed, Parcel
from actors.domain.sandbox import LINE_STEPS_MAX, Budget, Raw, Sandbox, scalar_text
from actors.domain.speech import Speech
from actors.domain.views import NAMED, DigestView, ScoreView, view_of, web_address

__all__ = ["Catalogue", "TemplateFault", "default_templates"]

Escape = Callable[[str], str]

SUFFIX = ".j2"
DEFAULT = "default/"
DIGEST = "digest"
FACTS_MAX = 50
SPEECHES_MAX = 1_000

LINKS: dict[str, Callable[[str, str], str]] = {
    "slack": lambda url, label: f"<{quote(url, safe=_IN_URLS)}|{label}>",
    "teams": lambda url, label: f"[{label}]({quote(url, safe=_IN_URLS)})",
}
"""How a platform writes a link; elsewhere the address follows the label in brackets."""
_IN_URLS = "%/:=&?~#+!$,;'@*[]"


@cache
def default_templates() -> dict[str, str]:
    """The templates that ship, by name: ``graded``, ``graded.de``."""
    folder = resources.files("actors.domain") / "templates"
    return {
        file.name.removesuffix(SUFFIX): file.read_text("utf-8")
        for file in folder.iterdir()
        if file.name.endswith(SUFFIX)
    }


_IN_USE: "WeakValueDictionary[frozenset[tuple[str, str]], Catalogue]" = WeakValueDictionary()


def shipped_with(operator_templates: Mapping[str, str]) -> "Catalogue":
    """These over those that ship. Whoever says the same shares one: most tenants say nothing of their own."""
    named = frozenset(operator_templates.items())
    found = _IN_USE.get(named)
    if found is None:
        found = _IN_USE[named] = Catalogue(operator_templates, default_templates())
    return found


class Catalogue:
    """Implements ``ports.Wording``, for any number of tenants. Not for several threads."""

    def __init__(self, operator_templates: Mapping[str, str], defaults: Mapping[str, str]) -> None:
        self._operator = {name.removesuffix(SUFFIX): text for name, text in operator_templates.items()}
        self._defaults = {DEFAULT + name.removesuffix(SUFFIX): text for name, text in defaults.items()}
        plain = {name.removeprefix(DEFAULT): text for name, text in self._defaults.items()}
        self._sources = self._defaults | plain | self._operator
        self._languages = frozenset(name.rpartition(".")[2] for name in self._sources if "." in name)
        self._speeches: dict[tuple[str, str], Speech] = {}
        self._plans: dict[str, Plan | TemplateFault] = {}
        self._chosen: dict[tuple[str, str, str, str], dict[str, Plan] | TemplateFault] = {}
        self._speech = Speech("en", "UTC")
        self._escape: Escape = str
        self._platform = ""
        filters: dict[str, Callable[..., object]] = {
            "date": lambda value: self._speech.date(value),
            "datetime": lambda value: self._speech.date_time(value),
            "number": lambda value: self._speech.number(value),
            "percent": lambda value: self._speech.percent(value),
            "points": self._points,
        }
        self._sandbox = Sandbox(self._sources, self._printed, filters, {"link": self._link})

    def knows(self, name: str) -> bool:
        """Whether a route may name this template: there is one, for every platform or for some."""
        stems = {stem.rpartition("/")[2] for stem in self._operator} | self._sources.keys()
        return name in stems or any(f"{name}.{language}" in stems for language in self._languages)

    def check(self) -> list[TemplateFault]:
        """Everything wrong with any template, found without saying anything."""
        faults: list[TemplateFault] = []
        set_anywhere = assigned(self._sandbox, self._sources)
        for name in sorted(self._operator.keys() | self._defaults.keys()):
            plan = self._plan(name)
            if isinstance(plan, TemplateFault):
                faults.append(plan)
            else:
                faults += mistakes(self._sandbox, self._sources[name], name, set_anywhere)
        return faults

    def compose(self, parcel: Parcel, platform: str, escape: Escape) -> Composed:
        """The parts, each escaped, but ``url``, which is an address. Raises TemplateFault."""
        self._speech = speech = self._speech_of(parcel.locale, parcel.timezone)
        self._platform, self._sandbox.budget = platform, Budget()
        language = speech.language if speech.language in self._languages else ""
        if isinstance(parcel.change, ReviewCard):
            return _card(parcel.change, escape)
        if isinstance(parcel.change, AlarmCard):
            return _alarm(parcel.change, speech, escape)
        if parcel.items:
            return self._digest(parcel, platform, language, escape)
        plans = self._choice(parcel.template or "", parcel.change.kind, platform, language)
        return self._say(plans, BLOCKS, msgspec.structs.asdict(view_of(parcel.change, parcel.to_learner)), escape)

    def _digest(self, parcel: Parcel, platform: str, language: str, escape: Escape) -> Composed:
        """The whole in the words of the digest's template, each change in those of its kind's."""
        listed, more = parcel.items[:LISTED_MAX], parcel.more + len(parcel.items[LISTED_MAX:])
        plans = self._choice(parcel.template or "", DIGEST, platform, language)
        own = {part: plans[part] for part in ("line", "count") if part in plans and part in plans[part].blocks}
        parts = {kind: self._choice("", kind, platform, language) | own for kind, _ in kinds(listed)}
        firsts = {change.kind: change for change in reversed(listed)}
        counts = [Raw(self._counted(parts[kind], firsts[kind], number, escape)) for kind, number in kinds(listed)]
        digest = overview(listed, more, counts)
        lines = [
            self._line(parts[change.kind], change, digest, parcel.to_learner, escape) for change in ordered(listed)
        ]
        self._sandbox.budget = Budget()
        blocks = (*BLOCKS, "more") if more else BLOCKS
        said = self._say(plans, blocks, words_of(digest, parcel.to_learner), escape)
        return msgspec.structs.replace(said, lines=tuple(lines), left_out=more)

    def _line(
        self, plans: Mapping[str, Plan], change: AnyChange, digest: DigestView, to_learner: bool, escape: Escape
    ) -> str:
        self._sandbox.budget, self._escape = Budget(LINE_STEPS_MAX), escape
        words = msgspec.structs.asdict(view_of(change, to_learner)) | {"digest": digest}
        return self._one_line(plans.get("line"), "line", words) or escape(change.kind)

    def _counted(self, plans: Mapping[str, Plan], first: AnyChange, number: int, escape: Escape) -> str:
        """``3 completions``. The other words are those of the first change of the kind."""
        self._sandbox.budget, self._escape = Budget(LINE_STEPS_MAX), escape
        words = msgspec.structs.asdict(view_of(first, to_learner=False)) | {"count": number}
        return self._one_line(plans.get("count"), "count", words) or escape(f"{number} {first.kind}")

    def _one_line(self, plan: Plan | None, block: str, words: Mapping[str, object]) -> str:
        if plan is None:
            return ""
        block = block if block in plan.blocks else "title"
        return " ".join(plan.render(block, plan.context(self._sandbox, words)).split())

    def _say(
        self, plans: Mapping[str, Plan], blocks: Sequence[str], words: Mapping[str, object], escape: Escape
    ) -> Composed:
        contexts: dict[Plan, Context] = {}
        said: dict[str, str] = {}
        for block, plan in plans.items():
            if block not in blocks:
                continue
            self._escape = str if block == "url" else escape
            if plan not in contexts:
                contexts[plan] = plan.context(self._sandbox, words)
            said[block] = plan.render(block, contexts[plan])
        return Composed(
            title=" ".join(said.get("title", "").split()),
            text="\n".join(line.rstrip() for line in said.get("text", "").strip().split("\n")),
            facts=_facts(said.get("facts", "")),
            url=web_address(said.get("url", "").strip()),
            more=" ".join(said.get("more", "").split()),
        )

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────

    def _choice(self, template: str, kind: str, platform: str, language: str) -> dict[str, Plan]:
        """Which template each block comes from."""
        key = (template, kind, platform, language)
        known = self._chosen.get(key)
        if known is None:
            self._chosen[key] = known = self._choose(template, kind, platform, language)
        if isinstance(known, TemplateFault):
            raise known.again()
        return known

    def _choose(self, template: str, kind: str, platform: str, language: str) -> dict[str, Plan] | TemplateFault:
        name = template or kind
        own = (
            _named(self._operator, f"{platform}/{name}", language)
            or _named(self._operator, name, language)
            or _named(self._defaults, DEFAULT + name, language)
        )
        if own is None:
            return TemplateFault(name, 0, "there is no such template: add it to the templates folder")
        chosen: dict[str, Plan] = {}
        for each in (own, _named(self._defaults, DEFAULT + kind, language)):
            if each is None:
                continue
            plan = self._plan(each)
            if isinstance(plan, TemplateFault):
                return plan
            chosen = {block: plan for block in PARTS if block in plan.blocks or _stands_in(plan, block)} | chosen
        return chosen

    def _plan(self, name: str) -> Plan | TemplateFault:
        plan = self._plans.get(name)
        if plan is None:
            self._plans[name] = plan = ready(self._sandbox, self._sources, name)
        return plan

    def _speech_of(self, locale: str, timezone: str) -> Speech:
        speech = self._speeches.get((locale, timezone))
        if speech is None:
            if len(self._speeches) >= SPEECHES_MAX:
                self._speeches.clear()
            self._speeches[locale, timezone] = speech = Speech(locale, timezone)
        return speech

    # ── what templates call ──────────────────────────────────────────────────────────────────────

    def _printed(self, value: object) -> str:
        """Any value as the platform's text."""
        if type(value) is str:
            return self._escape(value)
        if isinstance(value, NAMED):
            return self._escape(value.name)
        match value:
            case Raw():
                return value
            case str():
                return self._escape(value)
            case None:
                return ""
            case bool():
                return str(value)
            case int() | float():
                return self._escape(self._speech.number(value))
            case datetime():
                return self._escape(self._speech.date_time(value))
            case ScoreView():
                return self._escape(self._points(value))
            case _:
                return self._escape(scalar_text(value))

    def _points(self, score: object) -> str:
        """``17 / 20 (85%)``, or as much of it as is known."""
        if not isinstance(score, ScoreView) or score.raw is None:
            return ""
        points = self._speech.number(score.raw)
        if score.max is not None:
            points += f" / {self._speech.number(score.max)}"
        return points if score.percent is None else f"{points} ({self._speech.percent(score.percent)})"

    def _link(self, url: object, label: object = "") -> Raw:
        """A link as the platform writes it; only the label where ``url`` is no web address."""
        address = web_address(scalar_text(url))
        text = self._printed(label) or self._escape(address)
        if not address:
            return Raw(text)
        known = LINKS.get(self._platform)
        return Raw(known(address, text) if known else f"{text} ({self._escape(address)})")


def _named(shelf: Mapping[str, str], name: str, language: str) -> str | None:
    spoken = f"{name}.{language}"
    return spoken if language and spoken in shelf else name if name in shelf else None


def _stands_in(plan: Plan, block: str) -> bool:
    """A title does for a line: it is of the same template, and nearer than the default's line."""
    return block == "line" and "title" in plan.blocks


def _card(card: ReviewCard, escape: Escape) -> Composed:
    """It has its words already."""
    return Composed(
        title=escape(card.title),
        text=escape(card.text),
        facts=tuple((escape(label), escape(value)) for label, value in card.facts),
        url=web_address(card.url),
        buttons=card.buttons,
    )


def _alarm(card: AlarmCard, speech: Speech, escape: Escape) -> Composed:
    return Composed(
        title=escape(title_of(card, speech.language)),
        text=escape(text_of(card, speech.language)),
        facts=tuple((escape(label), escape(value)) for label, value in facts_of(card, speech) if value),
    )


def _facts(text: str) -> tuple[tuple[str, str], ...]:
    facts: list[tuple[str, str]] = []
    for line in text.splitlines()[:FACTS_MAX]:
        label, colon, value = line.partition(":")
        fact = (label.strip(), value.strip()) if colon else ("", line.strip())
        if fact[1]:
            facts.append(fact)
    return tuple(facts)
