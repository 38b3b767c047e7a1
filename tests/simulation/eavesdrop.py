"""Listening in on the fakes while a simulation runs: which fault really struck, and whenever a vendor's own limiter
had to refuse a request. The fakes behave as they always do; somebody else hears of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from actors.ports.faults import Faults
from actors.targets.slack.fake.limits import Limits as SlackLimits
from actors.targets.teams.fake.limits import Limits as TeamsLimits
from tests.simulation.wire import Vendors


@contextmanager
def listening(vendors: Vendors) -> Iterator[None]:
    """``vendors`` hears."""
    strike, switched = Faults.strike, Faults.switched
    of_method, of_channel, teams_wait_s = SlackLimits.of_method, SlackLimits.of_channel, TeamsLimits.wait_s

    def strikes(self: Faults, operation: str, where: str = "", *args: Any, **kwargs: Any) -> Any:
        fault = strike(self, operation, where, *args, **kwargs)
        if fault is not None:
            vendors.struck(fault.kind, fault.value, operation, where)
        return fault

    def is_switched(self: Faults, kind: str) -> Any:
        fault = switched(self, kind)
        if fault is not None:
            vendors.struck(kind, "", "", "")
        return fault

    def slack_method(self: SlackLimits, method: str, *args: Any) -> int:
        wait_s = of_method(self, method, *args)
        if wait_s:
            vendors.refused(method)
        return wait_s

    def slack_channel(self: SlackLimits, channel: str, *args: Any) -> int:
        wait_s = of_channel(self, channel, *args)
        if wait_s:
            vendors.refused(f"channel {channel}")
        return wait_s

    def teams(self: TeamsLimits, limit: str, *args: Any) -> int:
        wait_s = teams_wait_s(self, limit, *args)
        if wait_s:
            vendors.refused(limit)
        return wait_s

    with ExitStack() as stack:
        for owner, name, ears in (
            (Faults, "strike", strikes),
            (Faults, "switched", is_switched),
            (SlackLimits, "of_method", slack_method),
            (SlackLimits, "of_channel", slack_channel),
            (TeamsLimits, "wait_s", teams),
        ):
            stack.enter_context(mock.patch.object(owner, name, ears))
        yield
