"""Rows that stand alone, told at length: a statement's and a delivery's story, the overview, a test."""

from collections.abc import Iterator
from typing import assert_never

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from config.numbers import agreeing, number_of
from daemon.cli import clients, outlooks, vaulted
from daemon.cli.cells import age, at, pairs, plain, state, took
from daemon.control import views as v
from daemon.control.learnt import learnt_in_words
from daemon.control.times import span

Alone = (
    v.Overall
    | v.DeliveryStory
    | v.StatementStory
    | v.KnownRow
    | v.TestRow
    | v.JudgementRow
    | v.PreviewRow
    | v.ReloadRow
    | v.ConfigRow
    | v.VersionRow
    | v.SecretRow
    | v.VaultRow
    | outlooks.Alone
)


def story(row: Alone, now_us: int) -> RenderableType:
    match row:
        case v.Overall():
            return _overall(row)
        case v.DeliveryStory():
            return _delivery(row, now_us)
        case v.StatementStory():
            return _statement(row, now_us)
        case v.KnownRow():
            return _known(row, now_us)
        case v.TestRow():
            return _test(row)
        case v.JudgementRow():
            return _judgement(row)
        case v.PreviewRow():
            return _preview(row)
        case v.ReloadRow():
            return plain(f"started anew: {', '.join(row.applied)}" if row.applied else "nothing had to be started anew")
        case v.ConfigRow():
            return Group(plain(f"# {row.file}", "bold"), _json(row.body))
        case v.PlanRow() | v.ForecastRow():
            return outlooks.story(row)
        case v.SecretRow():
            return clients.secret(row)
        case v.VaultRow():
            return vaulted.said(row)
        case v.VersionRow():
            return plain(f"lmsyncd {row.version}, control protocol {row.protocol}")
        case _ as never:
            assert_never(never)


def _overall(row: v.Overall) -> RenderableType:
    up_s = (row.now_us - row.started_us) / 1e6
    head = Text.assemble(
        ("degraded", "bold red") if row.degraded else ("well", "bold green"),
        f"  lmsyncd {row.version}, up {span(up_s)}, {number_of(row.tenants, 'tenants')}, "
        f"{number_of(row.actors, 'actors')}; "
        f"{row.delivered:,} delivered since it started, {number_of(row.unrouted, 'statements')} to be routed"
        f"{f', vault: {row.vault}' if row.vault else ''}",
    )
    wrong = [plain(f"  - {reason}", "red") for reason in row.degraded]
    return Group(head, *wrong, *(plain(f"  - {reason}", "yellow") for reason in (*row.overtrusted, *_asked(row))))


def _asked(row: v.Overall) -> list[str]:
    return [
        f"{each.tenant}: {number_of(each.n, 'questions')} {agreeing(each.n, 'waits', 'wait')} for a decision, "
        f"the oldest for {span((row.now_us - each.oldest_us) / 1e6)} (lmsyncctl conflict list --tenant {each.tenant})"
        for each in row.asked
    ]


def _statement(row: v.StatementStory, now_us: int) -> RenderableType:
    by = f", credential {row.credential}" if row.credential else ""
    kind = f" ({row.learnt.kind})" if row.learnt is not None and row.learnt.kind else ""
    origin = f"{row.tenant}/{row.source}{kind}{by}"
    facts: list[tuple[str, str | Text]] = [
        ("accepted", f"{at(row.accepted_us)} ({age(row.accepted_us, now_us)} ago) from {origin}"),
        ("says", f"{row.actor} · {row.verb} · {row.object}"),
        ("happened", f"{row.timestamp} (xAPI {row.version})" + (", voided since" if row.voided else "")),
        ("correlation", row.correlation_id),
        ("trace", row.trace_id),
    ]
    if row.learnt is not None:
        facts += [("learnt by" if first else "", line) for first, line in _firsts(learnt_in_words(row.learnt))]
    if row.change:
        facts.append(
            ("change", f"{row.change}, number {row.occurrence} of its kind, {number_of(row.deliveries, 'deliveries')}")
        )
    if row.reason:
        facts.append(
            (("kept" if row.unrouted else "not posted") if row.routed else "not routed", plain(row.reason, "yellow"))
        )
    if row.explanation:
        facts.append(("", row.explanation))
    if row.carried_by:
        facts.append(("carried by", ", ".join(row.carried_by)))
    facts += [("voiding" if first else "", line) for first, line in _firsts(row.undone)]
    return _told(Text.assemble(("Statement ", "bold"), plain(row.id)), facts)


def _delivery(row: v.DeliveryStory, now_us: int) -> RenderableType:
    told = row.delivery
    template = f", template {row.template}" if row.template else ""
    facts: list[tuple[str, str | Text]] = [
        ("change", f"{told.change}: {told.about}"),
        ("goes to", f"{told.destination} of {told.lane} ({row.audience}), by route {told.route}{template}"),
        *((("because of", f"statement {told.statement_id}"),) if told.statement_id else ()),
        ("correlation", told.correlation_id),
        ("trace", row.trace_id),
        ("accepted", f"{at(told.accepted_us)} ({age(told.accepted_us, now_us)} ago)"),
        ("attempts", f"{told.attempts} of {told.attempts_max} spent; if in doubt: {row.doubtful}"),
    ]
    if told.done_us is not None:
        facts.append(("ended", f"{at(told.done_us)}, {took(told.accepted_us, told.done_us)} after it was accepted"))
    if told.cause:
        facts.append(("cause", plain(f"{told.cause} ({told.whose}): {told.detail}", "red")))
    elif told.detail:
        facts.append(("detail", told.detail))
    if row.receipt:
        facts.append(("receipt", plain(pairs(row.receipt), "green")))
    if row.stages:
        spent = sorted(row.stages.items(), key=lambda item: -item[1])
        facts.append(("late", plain(", ".join(f"{stage} {took(0, us)}" for stage, us in spent), "yellow")))
    facts += [("tells" if first else "", line) for first, line in _firsts(row.items)]
    facts += [("next" if first else "", line) for first, line in _firsts(row.next)]
    head = Text.assemble(("Delivery ", "bold"), plain(told.id), "  ", state(told.state))
    parts = [_told(head, facts)]
    if row.attempts:
        parts.append(Padding(_attempts(row.attempts), (0, 0, 0, 2), expand=False))
    return Group(*parts)


def _attempts(attempts: tuple[v.AttemptRow, ...]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("#", "what", "when", "took", "verdict", "detail", "vendor's ids"):
        made.add_column(heading, overflow="fold")
    for line in attempts:
        made.add_row(
            str(line.number),
            plain(line.what),
            at(line.started_us),
            took(line.started_us, line.ended_us),
            state(line.verdict),
            plain(line.detail),
            plain(pairs(line.request_ids)),
        )
    return made


def _known(row: v.KnownRow, now_us: int) -> RenderableType:
    whose = f" of {row.whose}" if row.whose and not row.name.startswith(f"{row.whose}/") else ""
    facts: list[tuple[str, str | Text]] = [("is", f"{row.what}{whose}")]
    if row.at_us is not None:
        facts.append(("since", f"{at(row.at_us)} ({age(row.at_us, now_us)} ago)"))
    if row.words:
        facts.append(("says", row.words))
    facts += [("more by" if first else "", line) for first, line in _firsts(row.commands)]
    return _told(plain(row.name, "bold"), facts)


def _test(row: v.TestRow) -> RenderableType:
    facts: list[tuple[str, str | Text]] = [("verdict", state(row.verdict))]
    if row.detail:
        facts.append(("detail", row.detail))
    if row.destination:
        facts.append(("went to", row.destination))
    if row.delivery_id:
        facts.append(("delivery id", row.delivery_id))
    if row.receipt:
        facts.append(("receipt", plain(pairs(row.receipt), "green")))
    parts = [_told(plain(f"{row.lane}: {row.what}", "bold"), facts)]
    return Group(*parts, _json(row.payload)) if row.payload else Group(*parts)


def _judgement(row: v.JudgementRow) -> RenderableType:
    facts: list[tuple[str, str | Text]] = []
    if row.change:
        facts.append(("change", f"{row.change}: {row.about} (number {row.occurrence} of its kind)"))
    if row.reason:
        facts.append(("not posted", plain(row.reason, "yellow")))
    if row.explanation:
        facts.append(("", row.explanation))
    return _told(plain(row.statement, "bold"), facts)


def _preview(row: v.PreviewRow) -> RenderableType:
    head = plain(f"{row.lane} -> {row.destination} ({row.audience}), by route {row.route}")
    facts: list[tuple[str, str | Text]] = [("delivery id", row.delivery_id)]
    if row.refused:
        facts.append(("dead letter", plain(f"{row.refused}: {row.detail}", "red")))
    elif row.repeated:
        facts.append(("not posted", plain(row.detail, "yellow")))
    elif row.detail:
        facts.append(("note", row.detail))
    parts = [_told(head, facts)]
    return Group(*parts, _json(row.payload)) if row.payload else Group(*parts)


def _told(head: Text, facts: list[tuple[str, str | Text]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(name, value if isinstance(value, Text) else plain(value))
    return Group(head, Padding(grid, (0, 0, 0, 2), expand=False))


def _firsts(lines: tuple[str, ...]) -> Iterator[tuple[bool, str]]:
    for place, line in enumerate(lines):
        yield place == 0, line


def _json(body: dict[str, object]) -> RenderableType:
    text = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    return Padding(plain(text), (0, 0, 0, 2), expand=False)
