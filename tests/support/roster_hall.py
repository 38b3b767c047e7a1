"""A campus whose rosters are kept in Slack, and what its tests look at: who is in which channel, and how it stands."""

from typing import Any, cast

import msgspec
import trio
from world import Campus, source, tenant

from actors.messages import RosterApply, RosterPlan, RosterPlanned, RosterRun
from actors.targets.slack.fake import FakeSlack
from actors.targets.slack.fake.workspace import Workspace
from config.model import Tenant
from config.rosters import Roster

CLASSES: dict[str, Any] = {
    "name": "classes",
    "from": "campus",
    "to": "slack",
    "into": {"channel": "c-{course.code}"},
    "create": True,
}


def rule(**more: Any) -> Roster:
    """As an operator would write it, laid over ``CLASSES``."""
    return msgspec.convert({**CLASSES, **more}, Roster)


def kept(*rules: Roster, every: str = "1m", **more: Any) -> Tenant:
    """A tenant that keeps these rosters from the toy."""
    return tenant(rosters=rules or (rule(),), sources=source("toy", every=every, full=None), **more)


def workspace(campus: Campus) -> Workspace:
    return cast(FakeSlack, campus.fakes["slack"]).space


def channel(campus: Campus, name: str) -> str:
    """The id of the channel that is called so; empty: there is none."""
    return next((id_ for id_, each in workspace(campus).places() if each.name == name), "")


def inside(campus: Campus, name: str) -> set[str]:
    """The addresses (or else ids) of those who are in the channel that is called so."""
    space = workspace(campus)
    people = [space.somebody(user) for user in space.rooms.inside(channel(campus, name))]
    return {each.email or each.id for each in people if not each.bot}


def enrolled(campus: Campus, code: str) -> set[str]:
    """The addresses of those whom the school has in that course."""
    school = campus.school
    [course] = [each for each in school.courses.values() if each.code == code]
    members = [each for each in school.memberships.values() if each.course == course.id and each.state == "active"]
    return {school.people[each.user].email for each in members if not school.people[each.user].suspended}


async def settled(campus: Campus, limit_s: float = 3_600.0) -> None:
    """Let virtual time pass until no place is due (those apart that are stuck) or has orders under way."""
    with trio.fail_after(limit_s):
        while await busy(campus):
            await trio.sleep(1.0)


async def busy(campus: Campus) -> bool:
    for sql in (
        "SELECT 1 FROM roster_due LIMIT 1",
        "SELECT 1 FROM roster_rule_due LIMIT 1",
        "SELECT 1 FROM roster_places WHERE due > 0 AND stuck = '' LIMIT 1",
        "SELECT 1 FROM deliveries WHERE state IN ('waiting', 'claimed', 'unknown') LIMIT 1",
    ):
        if await campus.rows(sql):
            return True
    return not await campus.rows("SELECT 1 FROM roster_rules WHERE whole_us > 0 LIMIT 1")


async def plan(campus: Campus, course: str = "") -> RosterPlanned:
    address = campus.switchboard.reconcilers["acme"]
    return await address.ask(lambda reply: RosterPlan(course=course, reply=reply), deadline_s=900.0)


async def apply(campus: Campus, hash_: str, *, course: str = "", accept: bool = False) -> RosterPlanned:
    address = campus.switchboard.reconcilers["acme"]
    return await address.ask(
        lambda reply: RosterApply(course=course, hash=hash_, accept=accept, by="ann", reply=reply), deadline_s=900.0
    )


async def run(campus: Campus, course: str = "") -> RosterPlanned:
    address = campus.switchboard.reconcilers["acme"]
    return await address.ask(lambda reply: RosterRun(course=course, by="ann", reply=reply), deadline_s=900.0)


async def standings(campus: Campus, label: str) -> dict[str, str]:
    """How everybody of a unit stands, by address (or id)."""
    found = await campus.rows(
        "SELECT s.email, s.account, s.standing FROM roster_standings s JOIN roster_places p ON p.no = s.place "
        "WHERE p.label = ?",
        label,
    )
    return {email or account: standing for email, account, standing in found}
