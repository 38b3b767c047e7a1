"""What a report says in words, in the tenant's language as far as there are words in it; figures and times as its
locale writes them. Plain text: the page escapes it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from daemon.cli import reporttexts
from daemon.control import views as v

FALLBACK = "en-GB"


class Words:
    """Of one report."""

    def __init__(self, locale: str, timezone: str) -> None:
        self._locale = _known(locale)
        self._zone = ZoneInfo(timezone)
        self.language = self._locale.language if self._locale.language in reporttexts.TEXTS else "en"
        self._texts = reporttexts.TEXTS[self.language]

    def text(self, name: str, **values: str) -> str:
        return self._texts[name].format(**values)

    def n(self, value: float, digits: int = 0) -> str:
        return format_decimal(round(value, digits), locale=self._locale)

    def percent(self, value: float) -> str:
        """Of 0 to 100; what is not all is never rounded to all."""
        shown = min(value, 99.99) if value < 100 else value
        return format_percent(
            shown / 100, format="#,##0.##%" if self.language != "de" else "#,##0.## %", locale=self._locale
        )

    def day(self, at_us: int) -> str:
        return format_date(datetime.fromtimestamp(at_us / 1e6, self._zone), format="medium", locale=self._locale)

    def short_day(self, at_us: int) -> str:
        return format_date(
            datetime.fromtimestamp(at_us / 1e6, self._zone),
            format="d. M." if self.language == "de" else "d MMM",
            locale=self._locale,
        )

    def moment(self, at_us: int) -> str:
        return format_datetime(
            datetime.fromtimestamp(at_us / 1e6, self._zone), format="medium", tzinfo=self._zone, locale=self._locale
        )

    def took(self, us: float | None) -> str:
        """``84 ms``, ``1.2 s``, ``5 min``, ``3 h``, ``2 d``."""
        if us is None:
            return "–"
        seconds = us / 1e6
        for below, by, unit, digits in (
            (1, 0.001, "ms", 0),
            (10, 1, "s", 1),
            (60, 1, "s", 0),
            (120, 60, "min", 1),
            (7_200, 60, "min", 0),
            (172_800, 3_600, "h", 1),
        ):
            if seconds < below:
                return f"{self.n(seconds / by, digits)} {unit}"
        return f"{self.n(seconds / 86_400, 1)} {self.text('days_unit')}"

    def error(self, name: str) -> str:
        return self._texts.get(f"error_{name}", name.replace("_", " "))

    def cause(self, name: str) -> str:
        return self._texts.get(f"cause_{name}", name.replace("_", " "))

    def advice(self, cause: str, said: str) -> str:
        """``said``: by the daemon, in English."""
        return self._texts.get(f"advice_{cause}", said)

    def conflict(self, name: str) -> str:
        return self._texts.get(f"conflict_{name}", name.replace("_", " "))


def _known(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(FALLBACK.replace("-", "_"))


def sentences(row: v.ReportRow, words: Words) -> list[tuple[str, str]]:
    """What whoever reads nothing else should know: (``good``, ``bad`` or ``plain``, the sentence)."""
    whole, said = row.whole, words.text
    if not (whole.delivered or whole.made):
        return [("plain", said("nothing", since=words.day(row.since_us)))]
    found = [
        (
            "plain",
            said("arrived", n=words.n(whole.delivered), since=words.day(row.since_us), until=words.day(row.now_us)),
        )
    ]
    if whole.p50_us is not None:
        found.append(("plain", said("soon", half=words.took(whole.p50_us), most=words.took(whole.p95_us))))
    found += _promised(row, words)
    found += _stuck(row, words)
    if row.waiting and row.oldest_us is not None:
        found.append(("plain", said("waiting", n=words.n(row.waiting), age=words.took(row.now_us - row.oldest_us))))
    failed = sum(whole.errors.values())
    if whole.attempts:
        share = 100 * failed / whole.attempts
        name = "tries_failed" if failed else "tries_well"
        tone = "bad" if share > 5 else "plain"
        found.append((tone, said(name, n=words.n(whole.attempts), failed=words.n(failed), share=words.percent(share))))
    if whole.calls_each is not None:
        calls = sum(whole.calls.values())
        found.append(("plain", said("cost", each=words.n(whole.calls_each, 2), calls=words.n(calls))))
    found += _rosters(row, words)
    if row.conflicts:
        n = sum(each.n for each in row.conflicts)
        oldest = min(each.oldest_us for each in row.conflicts)
        found.append(("bad", said("conflicts_one" if n == 1 else "conflicts", n=words.n(n), since=words.day(oldest))))
    return found


def _promised(row: v.ReportRow, words: Words) -> list[tuple[str, str]]:
    if not row.promises:
        return [("plain", words.text("promised_nothing"))]
    red = [each for each in row.promises if each.red]
    if not red:
        return [
            ("good", words.text("kept_one" if len(row.promises) == 1 else "kept_all", n=words.n(len(row.promises))))
        ]
    named = ", ".join(
        words.text(
            "broken_route",
            route=each.route,
            kept=words.percent(each.kept),
            goal=words.percent(each.goal),
            sla=words.took(each.sla_us),
        )
        for each in red
    )
    return [("bad", words.text("broken", n=words.n(len(red)), all=words.n(len(row.promises)), routes=named))]


def _stuck(row: v.ReportRow, words: Words) -> list[tuple[str, str]]:
    n = sum(each.n for each in row.letters)
    if not n:
        return [("good", words.text("no_letters"))]
    yours = sum(each.n for each in row.letters if each.whose == "yours")
    more = "+" if row.letters_more else ""
    said = words.text("letters_one" if n == 1 else "letters", n=words.n(n) + more)
    if yours:
        said += " " + words.text("letters_yours", n=words.n(yours))
    return [("bad", said)]


def _rosters(row: v.ReportRow, words: Words) -> list[tuple[str, str]]:
    """How each roster stands, as it was compared last."""
    last = {each.roster: each for each in row.drift}
    people, in_step = (sum(getattr(each, name) for each in last.values()) for name in ("people", "in_step"))
    if not people:
        return []
    share = 100 * in_step / people
    tone = "good" if in_step == people else "bad" if share < 95 else "plain"
    return [(tone, words.text("rosters", share=words.percent(share), n=words.n(people)))]
