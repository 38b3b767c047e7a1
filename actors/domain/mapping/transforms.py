"""The words after ``as``: each makes of a value another one, or says why not.

What is nothing (null, an empty text) never comes here: it stays nothing. A list is transformed item by item, and a
table value by value, but for the few that are about lists. ``TRANSFORMS`` is the whole set; the documentation is
tested against it.
"""

import json
from collections.abc import Callable, Mapping

import msgspec

from actors.domain.mapping import moments, places, values
from actors.domain.mapping.flaws import Unfit, enumerated
from actors.domain.mapping.values import text_of

Step = Callable[[object, str], object]
"""(value, zone) → value, None for nothing; raises Unfit."""
Vocabulary = Mapping[str, object]

LIST_ITEMS_MAX = 1_000
JSON_CHARS_MAX = 65_536
_STRENGTH = ("administrator", "instructor", "assistant", "designer", "mentor", "learner", "observer")


class Transform(msgspec.Struct, frozen=True, kw_only=True):
    """``argument``: what stands after the colon, empty where nothing may; in brackets where it may be left out.
    ``make`` raises ValueError for an argument it does not take. ``listed``: it is about a list as a whole."""

    name: str
    does: str
    make: Callable[[str, Mapping[str, Vocabulary]], Step]
    argument: str = ""
    listed: bool = False


def each_of(step: Step) -> Step:
    """Over the items of a list and the values of a table, leaving out what is or becomes nothing."""

    def every(value: object, zone: str) -> object:
        if isinstance(value, list):
            return [done for item in _items(value) if (done := _one(item, zone)) is not None]
        if isinstance(value, dict):
            if len(value) > LIST_ITEMS_MAX:
                raise Unfit(f"a table has at most {LIST_ITEMS_MAX:,} entries here")
            return {key: done for key, item in value.items() if (done := _one(item, zone)) is not None}
        return step(value, zone)

    def _one(item: object, zone: str) -> object:
        if item is None or item == "":
            return None
        done = step(item, zone)
        return None if done == "" else done

    return every


# ── single values ────────────────────────────────────────────────────────────────────────────────────


def _local_id(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    if argument and not argument.isdecimal():
        raise ValueError("a shard is a number")
    shard = int(argument) if argument else None
    return lambda value, zone: values.local_id(value, shard)


def _scale(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    low, high = values.bounds_of(argument)
    return lambda value, zone: (values.number(value) - low) / (high - low) * 100.0


def _word(argument: str, words: Mapping[str, Vocabulary]) -> Step:
    vocabulary = words[argument]
    folded = {word.casefold(): meaning for word, meaning in vocabulary.items()}
    known = enumerated(vocabulary)

    def meant(value: object, zone: str) -> object:
        word = text_of(value)
        try:
            return vocabulary[word]
        except KeyError:
            pass
        meaning = folded.get(word.strip().casefold(), folded.get("*"))
        if meaning is None:
            raise Unfit(f'[words.{argument}] has no such word: add it, or "*" for any other (it has: {known})')
        return meaning

    return meant


# ── lists, tables, JSON ──────────────────────────────────────────────────────────────────────────────


def _split(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    def split(value: object, zone: str) -> object:
        parts = [part.strip() for part in text_of(value).split(argument, LIST_ITEMS_MAX)]
        return [part for part in parts if part]

    return split


def _join(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    def joined(value: object, zone: str) -> object:
        parts = [text_of(part) for part in _items(value) if part is not None]
        return argument.join(part for part in parts if part)

    return joined


def _first(value: object) -> object:
    return next((item for item in _items(value) if item not in (None, "")), None)


def _last(value: object) -> object:
    return next((item for item in reversed(_items(value)) if item not in (None, "")), None)


def _strongest(value: object) -> object:
    roles = _items(value)
    strange = [role for role in roles if role not in _STRENGTH]
    if strange:
        raise Unfit(f"these are to be roles: {', '.join(_STRENGTH)}", value=strange[0])
    return next((role for role in _STRENGTH if role in roles), None)


def _pairs(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    key_name, colon, value_name = argument.partition(":")
    if not (key_name and colon and value_name):
        raise ValueError("it is pairs:KEY:VALUE, two names of fields")

    def paired(value: object, zone: str) -> object:
        table: dict[str, object] = {}
        for item in _items(value):
            if not isinstance(item, Mapping):
                raise Unfit("a list of tables is needed here", value=item)
            keys, meaning = item.get(key_name), item.get(value_name)
            if meaning in (None, ""):
                continue
            for key in keys if isinstance(keys, list) else [keys]:
                if key not in (None, ""):
                    table[text_of(key)] = meaning
        return table

    return paired


def _items(value: object) -> list[object]:
    items = value if isinstance(value, list) else [value]
    if len(items) > LIST_ITEMS_MAX:
        raise Unfit(f"a list has at most {LIST_ITEMS_MAX:,} items here")
    return items


def _json(value: object) -> object:
    text = text_of(value)
    if len(text) > JSON_CHARS_MAX:
        raise Unfit(f"JSON in a text is at most {JSON_CHARS_MAX:,} characters here")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unfit("this text is no JSON") from None


def _no_constant(name: str) -> object:
    raise ValueError(name)


# ── times and places ─────────────────────────────────────────────────────────────────────────────────


def _moment(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    return (lambda value, zone: moments.moment_as(value, zone, argument)) if argument else moments.moment


def _date(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    return (lambda value, zone: moments.day_as(value, argument)) if argument else moments.day


def _unix(argument: str, _: Mapping[str, Vocabulary]) -> Step:
    if argument not in ("", "s", "ms"):
        raise ValueError("it is unix, or unix:ms for thousandths of seconds")
    per_second = 1000 if argument == "ms" else 1
    return lambda value, zone: moments.unix(value, per_second)


def _plain(step: Callable[[object], object]) -> Callable[[str, Mapping[str, Vocabulary]], Step]:
    """Of what needs neither argument nor zone."""
    return lambda argument, words: lambda value, zone: step(value)


TRANSFORMS: dict[str, Transform] = {
    each.name: each
    for each in (
        Transform(name="text", does="a number or a boolean as a text: 5.0 is 5", make=_plain(text_of)),
        Transform(name="trim", does="without spaces and invisible characters at its ends", make=_plain(values.trimmed)),
        Transform(
            name="html",
            does="entities as characters: `Größe &amp; Co` is `Größe & Co`",
            make=_plain(values.unescaped),
        ),
        Transform(name="name", does="composed characters (NFC), one space between words", make=_plain(values.name)),
        Transform(name="lower", does="in lower case", make=_plain(lambda value: text_of(value).lower())),
        Transform(name="upper", does="in upper case", make=_plain(lambda value: text_of(value).upper())),
        Transform(
            name="email",
            does="an address: without `mailto:`, casefolded, checked",
            make=_plain(lambda value: values.email(text_of(value))),
        ),
        Transform(
            name="moment",
            argument="[PATTERN]",
            does="ISO 8601 in any of its spellings as a moment in UTC; without an offset it is the time in the "
            "tenant's zone; PATTERN as in strptime (`%d.%m.%Y %H:%M`)",
            make=_moment,
        ),
        Transform(name="unix", argument="[ms]", does="seconds since 1970 (or thousandths); 0 is nothing", make=_unix),
        Transform(
            name="date", argument="[PATTERN]", does="a day; of a moment, the day it is in the tenant's zone", make=_date
        ),
        Transform(
            name="days_end",
            does="the last second of a day in the tenant's zone",
            make=lambda argument, words: moments.days_end,
        ),
        Transform(
            name="locale",
            does="`de_DE` as `de-DE`; must be a language",
            make=_plain(places.locale),
        ),
        Transform(
            name="timezone",
            does="the IANA name, also of what Rails and Windows call it",
            make=_plain(places.timezone),
        ),
        Transform(
            name="word", argument="VOCABULARY", does="the source's word as ours: `[words.VOCABULARY]`", make=_word
        ),
        Transform(name="number", does="a number, also where it is written as a text", make=_plain(values.number)),
        Transform(name="percent", does="a number, also with a `%`; not less than 0", make=_plain(values.percent)),
        Transform(
            name="scale", argument="LOWEST:HIGHEST", does="a number of that range as one of 0 to 100", make=_scale
        ),
        Transform(
            name="boolean", does="true, yes, y, t, on, 1 and their opposites, as texts too", make=_plain(values.truth)
        ),
        Transform(
            name="not", does="as `boolean`, and its opposite", make=_plain(lambda value: not values.truth(value))
        ),
        Transform(
            name="local_id",
            argument="[SHARD]",
            does="an id of Canvas without its shard (global ids are shard × 10^13 + local); "
            "with SHARD those of other shards stay global",
            make=_local_id,
        ),
        Transform(name="split", argument="SEPARATOR", does="a text as a list, without empty parts", make=_split),
        Transform(name="join", argument="SEPARATOR", does="a list as a text", make=_join, listed=True),
        Transform(name="first", does="the first of a list that is something", make=_plain(_first), listed=True),
        Transform(name="last", does="the last of a list that is something", make=_plain(_last), listed=True),
        Transform(
            name="strongest",
            does=f"of a list of our roles: {', '.join(_STRENGTH)}",
            make=_plain(_strongest),
            listed=True,
        ),
        Transform(
            name="pairs",
            argument="KEY:VALUE",
            does="a list of tables as one table: of each its field KEY (or each of a list there) with its field VALUE",
            make=_pairs,
            listed=True,
        ),
        Transform(name="json", does="what a text that holds JSON says", make=_plain(_json)),
    )
}
