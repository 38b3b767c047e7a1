"""Who is told of an alarm, and where: ``[[alerts]]`` made into deliveries."""

from collections.abc import Iterator
from typing import NamedTuple

from actors.domain.alarms import NOBODY, Alarm, News, Standing, card
from actors.domain.alarmspeech import MANY_TITLE, TEST_TITLE, TEST_WORDS
from actors.domain.changes import UserUpdated
from actors.domain.outbox import Place
from actors.domain.xapi.moments import spelt
from config.alerts import Alert
from config.model import Audience, Tenant
from config.numbers import number_of
from daemon.control.office import Office
from daemon.store.chronicle import Dispatch


def wanted(office: Office) -> Iterator[tuple[Tenant, Alert]]:
    """All that are configured."""
    for _, tenant in sorted(office.configuration().tenants.items()):
        for alert in tenant.alerts:
            yield tenant, alert


def concerns(tenant: Tenant, alert: Alert, alarm: Alarm) -> bool:
    """Whether this one is to be told of it."""
    mine = alarm.tenant == tenant.name if alarm.tenant else alert.daemon
    return mine and (not alert.about or alarm.kind in alert.about)


class Ear(NamedTuple):
    """Somebody who is told, and where: a place, or why there is none."""

    tenant: Tenant
    alert: Alert
    place: Place | str

    @property
    def lane(self) -> str:
        return f"{self.tenant.name}/{self.alert.to}"


def ears(office: Office) -> list[Ear]:
    """All that are configured, as they are now."""
    return [Ear(tenant, alert, place_of(office, tenant, alert)) for tenant, alert in wanted(office)]


def dispatches(ear: Ear, news: News, now_us: int) -> Iterator[Dispatch]:
    """The card at its place; none where the target knows no such place."""
    if isinstance(ear.place, Place):
        yield Dispatch(
            lane=ear.lane,
            destination=ear.place.destination,
            audience=_audience(ear.alert),
            card=card(news, spelt(now_us), spelt(news.standing.first_us)),
        )


def place_of(office: Office, tenant: Tenant, alert: Alert) -> Place | str:
    """Where it is told, or why it cannot be."""
    target = office.targets(tenant.name).get(alert.to)
    if target is None:
        return f"{tenant.name} has no target {alert.to}"
    somewhat = UserUpdated(learner=NOBODY, at="")  # a channel is the same one, whatever is posted there
    place = target.place(_audience(alert), somewhat)
    return place if isinstance(place, Place) else place.detail


def the_rest(tenant: str, count: int, no: int, now_us: int) -> News:
    """One card for so many that are not shown."""
    alarm = Alarm(
        kind="actor",
        subject=tenant,
        title=MANY_TITLE,
        tenant=tenant,
        words=f"{number_of(count, 'more alarms', 'has', 'have')} begun, go on or are over: too many to post each",
        command=f"lmsyncctl alert list {tenant}",
    )
    return News("begun", Standing(alarm=alarm, first_us=now_us, seen_us=now_us, no=no, times=1))


def as_test(tenant: str, now_us: int, no: int) -> News:
    """What ``alert test`` posts."""
    alarm = Alarm(
        kind="actor",
        subject=f"a test for {tenant}",
        title=TEST_TITLE,
        tenant=tenant,
        words=TEST_WORDS,
        command="lmsyncctl alert list",
    )
    return News("begun", Standing(alarm=alarm, first_us=now_us, seen_us=now_us, no=no, times=1))


def _audience(alert: Alert) -> Audience:
    return Audience(channel=alert.channel, team=alert.team)
