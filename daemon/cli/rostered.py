"""Rosters for people: the rows of ``control.reconciled``."""

from typing import assert_never

from rich.text import Text

from daemon.cli.cells import at, number, plain, state
from daemon.control import reconciled as v

Listed = v.RosterPlanRow | v.RosterChangeRow | v.RosterMoveRow | v.RosterRow | v.StandingRow | v.DriftRow | v.RuleRow
COUNTS = ("in step", "pending", "unmatched", "refused", "excluded", "asked")
NUMBERS = frozenset({*COUNTS, "people", "strangers", "add", "remove", "owners", "inside", "places"})
BAD = frozenset({"unmatched", "refused", "asked", "stranger"})
_DOES = {"add": "green", "promote": "green", "demote": "yellow", "remove": "red"}


def headings(row: Listed) -> tuple[str, ...]:
    match row:
        case v.RosterPlanRow():
            return ("plan", "tenant", "state", "of", "add", "remove", "made", "by", "")
        case v.RosterChangeRow():
            return ("roster", "of", "place", "inside", "add", "remove", "owners", *COUNTS[2:4], "asked", "note")
        case v.RosterMoveRow():
            return ("of", "does", "who", "e-mail", "account", "why")
        case v.RosterRow():
            return ("roster", "of", "place", "people", *COUNTS, "strangers", "read", "note")
        case v.StandingRow():
            return ("roster", "of", "who", "e-mail", "account", "stands", "why")
        case v.DriftRow():
            return ("roster", "at", "people", *COUNTS, "strangers")
        case v.RuleRow():
            return ("roster", "lane", "state", "places", "last", "next", "detail")
        case _ as never:
            assert_never(never)


def cells(row: Listed) -> list[Text | str]:
    match row:
        case v.RosterPlanRow():
            return [
                plain(row.hash or "-"),
                plain(row.tenant),
                state(row.state),
                plain(row.scope or "everything"),
                number(row.adds),
                number(row.removes),
                at(row.made_us)[:19],
                plain(row.by),
                plain(row.why, "yellow"),
            ]
        case v.RosterChangeRow():
            where = f"{row.name} (new)" if row.create else row.place or row.name
            owners = f"+{row.promotes} -{row.demotes}" if row.promotes or row.demotes else ""
            counts = (row.unmatched, row.refused, row.asked)
            return [
                plain(row.roster),
                plain(row.label),
                plain(where),
                number(row.inside),
                number(row.adds),
                number(row.removes),
                owners,
                *(number(n) for n in counts),
                plain(row.note, "yellow"),
            ]
        case v.RosterMoveRow():
            does = f"{row.does} (owner)" if row.owner and row.does == "add" else row.does
            return [
                plain(row.label),
                plain(does, _DOES.get(row.does, "yellow")),
                plain(row.name),
                plain(row.email),
                plain(row.account),
                plain(row.why),
            ]
        case v.RosterRow():
            return [plain(row.roster), plain(row.label), plain(row.place or "-"), *_counts(row), *_seen(row)]
        case v.StandingRow():
            colour = "red" if row.standing in BAD else "yellow" if row.standing == "pending" else ""
            return [
                plain(row.roster),
                plain(row.label),
                plain(row.name or row.user or row.account),
                plain(row.email),
                plain(row.account),
                plain(row.standing, colour),
                plain(row.detail),
            ]
        case v.DriftRow():
            return [plain(row.roster), at(row.at_us)[:19], *_counts(row)]
        case v.RuleRow():
            return [
                plain(f"{row.tenant}/{row.roster}"),
                plain(row.lane),
                state(row.state),
                number(row.places),
                at(row.last_us)[:19] if row.last_us else "never",
                at(row.next_us)[:19] if row.next_us else "when something changes",
                _busy(row) if row.doing else plain(row.detail, "yellow"),
            ]
        case _ as never:
            assert_never(never)


def _busy(row: v.RuleRow) -> Text:
    of = f" of {row.of:,}" if row.of else ""
    far = f", {row.done:,}{of} {row.unit}".rstrip() if row.done or row.of else ""
    return plain(f"{row.doing}{far}{f'; {row.detail}' if row.detail else ''}")


def _counts(row: v.RosterRow | v.DriftRow) -> list[Text | str]:
    counts = [row.people, row.in_step, row.pending, row.unmatched, row.refused, row.excluded, row.asked, row.strangers]
    return [number(n) for n in counts]


def _seen(row: v.RosterRow) -> list[Text | str]:
    return [at(row.read_us)[:19] if row.read_us else "never", plain(row.note, "yellow")]
