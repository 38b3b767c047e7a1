"""What operators ask about rosters. ``asks`` re-exports them. ``course`` is a code, a name or an id; empty: all."""

from typing import Annotated

from msgspec import Meta

from daemon.control.ask import Ask, Change, Role, Word

Days = Annotated[int, Meta(ge=1, le=800)]
LONG_S = 7_200.0
"""A vendor lets a hundred channels be read in a minute: a district's fifteen hundred take a quarter of an hour."""


class ReconcilePlan(Ask, frozen=True, kw_only=True, tag="reconcile.plan"):
    """What would change, against what the vendor has now, and why."""

    tenant: Word
    course: Word = ""

    role = Role.OPERATOR
    lasts_s = LONG_S


class ReconcileShow(Ask, frozen=True, kw_only=True, tag="reconcile.show"):
    """A plan as it was made: one that was shown, is parked, or was applied. ``hash`` may be the beginning of one."""

    hash: Word

    role = Role.OPERATOR


class ReconcileApply(Change, frozen=True, kw_only=True, tag="reconcile.apply"):
    """Do exactly what the plan with this hash says, if it is still the same."""

    hash: Word

    lasts_s = LONG_S


class ReconcileAccept(Change, frozen=True, kw_only=True, tag="reconcile.accept"):
    """The same, however many it takes out; also of a plan that the brake parked."""

    hash: Word

    role = Role.APPROVER
    lasts_s = LONG_S


class ReconcileRun(Change, frozen=True, kw_only=True, tag="reconcile.run"):
    """Compare with what the vendor has now, and do what follows."""

    tenant: Word
    course: Word = ""

    lasts_s = LONG_S


class ReconcileReport(Ask, frozen=True, kw_only=True, tag="reconcile.report"):
    """How everybody stands, place by place, as of the last comparison. ``summary``: places only. ``drift_days``: also
    how it stood in so many days before."""

    tenant: Word
    course: Word = ""
    summary: bool = False
    drift_days: Days | None = None

    role = Role.OPERATOR


class ReconcileStatus(Ask, frozen=True, kw_only=True, tag="reconcile.status"):
    """What each rule is doing, and which plans wait for a person. ``tenant`` empty: all of them."""

    tenant: Word = ""
