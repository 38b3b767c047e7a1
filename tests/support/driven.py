"""A source's conversation driven by hand: whoever tests it answers its requests, and looks at what one run did."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec

from actors.domain.flow import Outcome, Request
from actors.domain.harvest import (
    Answer,
    Ended,
    Finished,
    Halted,
    Harvest,
    Opened,
    Page,
    Part,
    Progress,
    Record,
    Rest,
    Shut,
    Statements,
    Whole,
)


class Driven(msgspec.Struct, kw_only=True):
    """What one run did, each kind of step in its order. ``cursor`` is where it stands afterwards."""

    records: list[Record] = []
    statements: list[Statements] = []
    wholes: list[tuple[str, str | None]] = []
    shut: list[Part] = []
    opened: list[Part] = []
    requests: list[Request] = []
    rests: list[float] = []
    cursor: dict[str, str]
    ended: Ended = Finished()

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def of(self, entity: str) -> dict[str, Record]:
        return {record.id: record for record in self.records if record.entity == entity}

    def asked(self, operation: str) -> list[dict[str, list[str]]]:
        """The queries of these."""
        return [parse_qs(urlsplit(each.url).query) for each in self.requests if each.operation == operation]

    @property
    def forms(self) -> list[dict[str, str]]:
        """What was posted as forms."""
        return [dict(parse_qsl(each.body.decode(), keep_blank_values=True)) for each in self.requests]

    @property
    def note(self) -> str:
        return self.finished.note

    @property
    def finished(self) -> Finished:
        assert isinstance(self.ended, Finished), self.ended
        return self.ended

    @property
    def halted(self) -> Halted:
        assert isinstance(self.ended, Halted), self.ended
        return self.ended


def drive(
    harvest: Harvest,
    ask: Callable[[Request], Outcome],
    *,
    cursor: Mapping[str, str] | None = None,
    rest: Callable[[float], None] = lambda wait_s: None,
) -> Driven:
    """To its end. ``cursor`` is where it stood; ``rest`` lets time pass."""
    done = Driven(cursor=dict(cursor or {}))
    answer: Answer = None
    while True:
        try:
            step = harvest.send(answer)
        except StopIteration as end:
            done.ended = end.value
            return done
        answer = None
        match step:
            case Request():
                done.requests.append(step)
                answer = ask(step)
            case Page(records=records, cursor=moved):
                done.records += records
                done.cursor = dict(moved) if moved is not None else done.cursor
            case Statements(cursor=moved):
                done.statements.append(step)
                done.cursor = dict(moved) if moved is not None else done.cursor
            case Whole(entity=entity, scope=scope):
                done.wholes.append((entity, scope))
            case Shut(parts=parts):
                done.shut += parts
            case Opened(parts=parts):
                done.opened += parts
            case Rest(wait_s=wait_s):
                done.rests.append(wait_s)
                rest(wait_s)
            case Progress():
                pass
            case _:
                raise AssertionError(step)
