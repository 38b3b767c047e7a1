"""Where and in what language people live: names of time zones and locale tags, whoever made them up.

Zones come as IANA names, as Rails calls them (Canvas: ``Eastern Time (US & Canada)``, ``Berlin``) and as Windows does
(``W. Europe Standard Time``). Most Rails names are the city of the IANA name; ``_RAILS`` has those that are not.
"""

import re
from functools import cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from actors.domain.mapping.flaws import Unfit
from config.problems import did_you_mean
from config.recall import remembered

NAME_CHARS_MAX = 100
_AREAS = frozenset({"Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"})

_RAILS = {
    "International Date Line West": "Etc/GMT+12",
    "Midway Island": "Pacific/Midway",
    "American Samoa": "Pacific/Pago_Pago",
    "Samoa": "Pacific/Apia",
    "Hawaii": "Pacific/Honolulu",
    "Alaska": "America/Juneau",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Mountain Time (US & Canada)": "America/Denver",
    "Arizona": "America/Phoenix",
    "Central Time (US & Canada)": "America/Chicago",
    "Saskatchewan": "America/Regina",
    "Guadalajara": "America/Mexico_City",
    "Central America": "America/Guatemala",
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Quito": "America/Lima",
    "Atlantic Time (Canada)": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "Brasilia": "America/Sao_Paulo",
    "Buenos Aires": "America/Argentina/Buenos_Aires",
    "Georgetown": "America/Guyana",
    "Greenland": "America/Nuuk",
    "Mid-Atlantic": "Atlantic/South_Georgia",
    "Cape Verde Is.": "Atlantic/Cape_Verde",
    "Edinburgh": "Europe/London",
    "UTC": "Etc/UTC",
    "Bern": "Europe/Zurich",
    "West Central Africa": "Africa/Algiers",
    "Kyiv": "Europe/Kyiv",
    "Istanbul": "Europe/Istanbul",
    "Pretoria": "Africa/Johannesburg",
    "St. Petersburg": "Europe/Moscow",
    "Abu Dhabi": "Asia/Muscat",
    "Ekaterinburg": "Asia/Yekaterinburg",
    "Islamabad": "Asia/Karachi",
    "Chennai": "Asia/Kolkata",
    "Mumbai": "Asia/Kolkata",
    "New Delhi": "Asia/Kolkata",
    "Sri Jayawardenepura": "Asia/Colombo",
    "Astana": "Asia/Almaty",
    "Hanoi": "Asia/Bangkok",
    "Beijing": "Asia/Shanghai",
    "Osaka": "Asia/Tokyo",
    "Sapporo": "Asia/Tokyo",
    "Solomon Is.": "Pacific/Guadalcanal",
    "New Caledonia": "Pacific/Noumea",
    "Marshall Is.": "Pacific/Majuro",
    "Wellington": "Pacific/Auckland",
    "Nuku'alofa": "Pacific/Tongatapu",
    "Tokelau Is.": "Pacific/Fakaofo",
    "Chatham Is.": "Pacific/Chatham",
}
_NONE = frozenset({"99"})
"""Moodle: that of the server."""
_TAG_HEAD = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?(?=-|\Z)", re.ASCII)


def timezone(value: object) -> str | None:
    """The IANA name. Raises Unfit."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Unfit("a time zone is a name: Europe/Berlin")
    return _timezone(value)


def locale(value: object) -> str | None:
    """A tag: language, script where it is told, region (``de-DE``). What a system adds to it (``de_du``, ``.UTF-8``,
    ``-x-campus``) falls away. Raises Unfit."""
    if not isinstance(value, str):
        raise Unfit("a locale is a tag: de-DE")
    return _locale(value)


def is_timezone(text: str) -> bool:
    return text in _zones().values()


def is_locale(text: str) -> bool:
    """Whether it is a tag as ``locale`` writes it."""
    try:
        return _locale(text) == text
    except Unfit:
        return False


@remembered("mapping_values", 2048)
def _timezone(text: str) -> str | None:
    name = " ".join(text.split())
    if not name or name in _NONE:
        return None
    folded = name.casefold()
    found = _zones().get(folded.replace(" ", "_")) or _others().get(folded)
    if found is None:
        near = did_you_mean(name[:NAME_CHARS_MAX], _zones().values()) or "it is a name such as Europe/Berlin"
        raise Unfit(f"there is no such time zone; {near}")
    return found


@cache
def _zones() -> dict[str, str]:
    """IANA names by their folded spelling."""
    return {name.casefold(): name for name in available_timezones()}


@cache
def _others() -> dict[str, str]:
    """Cities that only one area has, Windows' names, then Rails'."""
    cities: dict[str, set[str]] = {}
    for name in _zones().values():
        area, _, city = name.partition("/")
        if area in _AREAS and city:
            cities.setdefault(city.rpartition("/")[2].replace("_", " ").casefold(), set()).add(name)
    named = {city: names.pop() for city, names in cities.items() if len(names) == 1}
    windows = {str(name).casefold(): str(zone) for name, zone in get_global("windows_zone_mapping").items()}
    rails = {name.casefold(): zone for name, zone in _RAILS.items()}
    there = set(_zones().values())
    return {name: zone for name, zone in {**named, **windows, **rails}.items() if zone in there}


@cache
def _scripts() -> frozenset[str]:
    """Latn, Hant … (``en_kids`` has none)."""
    return frozenset(Locale("en").scripts)


@remembered("mapping_values", 2048)
def _locale(text: str) -> str | None:
    tag = text.strip().split(".")[0].split("@")[0].replace("_", "-")
    if not tag:
        return None
    head = _TAG_HEAD.match(tag[:NAME_CHARS_MAX])
    candidates = [head[0], head[0].split("-")[0]] if head else []
    for each in candidates or [tag.split("-")[0]]:
        try:
            known = Locale.parse(each.replace("-", "_"), resolve_likely_subtags=True)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
        # As it was told: Babel would add scripts that nobody wrote (zh-CN is zh_Hans_CN to it).
        language, *parts = each.split("-")
        kept = [part.title() if len(part) == 4 else part.upper() for part in parts]
        if kept and len(kept[0]) == 4 and kept[0] not in _scripts():
            continue
        return "-".join([known.language if language.lower() == known.language else language.lower(), *kept])
    raise Unfit("this is no locale: a language, or a language and a region: de, de-DE")
