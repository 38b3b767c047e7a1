"""``events`` and ``alert``: what happened around the daemon, which alarms stand, and who is told."""

from collections.abc import Mapping

from actors.domain.alarms import TRAITS, Standing
from actors.domain.outbox import Place
from config.alerts import Alert
from config.model import Tenant
from config.numbers import number_of
from daemon.alerting import Ear, as_test, dispatches, place_of
from daemon.control.chronicle_asks import AlertList, AlertTest, Events
from daemon.control.chronicled import AlarmRow, AlertRow, EventRow
from daemon.control.exits import Exit
from daemon.control.office import Asking, Office, done
from daemon.control.protocol import Done, Refusal
from daemon.control.times import span
from daemon.control.views import ChangedRow
from daemon.store.chronicle import Settlement


async def events(request: Events, asking: Asking) -> Done:
    """Exit code 3 if there is nothing to show."""
    if request.tenant:
        asking.tenant(request.tenant)
    found = await asking.office.store.chronicle.happenings(
        since_us=0 if request.after else asking.now_us - round(request.since_s * 1e6),
        after=request.after,
        tenant=request.tenant,
        of=request.of,
        limit=request.limit,
    )
    for each in found:
        await asking.emit(
            EventRow(
                no=each.no,
                at_us=each.at_us,
                what=each.kind,
                tenant=each.tenant,
                subject=each.subject,
                words=each.words,
            )
        )
    if found:
        return done()
    return done("" if request.after else f"nothing happened in the last {span(request.since_s)}", Exit.NOTHING)


async def alert_list(request: AlertList, asking: Asking) -> Done:
    """Exit code 2 while an alarm stands."""
    if request.tenant:
        asking.tenant(request.tenant)
    shown = await standing(asking.office, request.tenant)
    for row in shown:
        await asking.emit(row)
    alerts = [
        (tenant, alert)
        for name, tenant in sorted(asking.office.configuration().tenants.items())
        if request.tenant in ("", name)
        for alert in tenant.alerts
    ]
    for tenant, alert in alerts:
        await asking.emit(_alert_row(tenant, alert, asking))
    told = sum(each.no > 0 for each in shown)
    nobody = "" if alerts else "; nobody is told: [[alerts]] in a tenant's file says who is (docs/alerts.md)"
    if told:
        return done(f"{number_of(told, 'alarms', 'stands', 'stand')}{nobody}", Exit.DEGRADED)
    return done(f"no alarm stands{nobody}")


async def standing(office: Office, tenant: str) -> list[AlarmRow]:
    """The alarms that stand, oldest first; of one tenant where it is named."""
    standings, _ = await office.store.chronicle.standings()
    found = [each for each in standings.values() if tenant in ("", each.alarm.tenant)]
    return [_row(each) for each in sorted(found, key=lambda one: (one.first_us, one.alarm.key))]


async def alert_test(request: AlertTest, asking: Asking) -> Done:
    """One post at each place. They go through the outbox as any other: ``queue list`` shows what became of them."""
    tenant, office = asking.tenant(request.tenant), asking.office
    if not tenant.alerts:
        raise Refusal(
            Exit.NOTHING,
            f"nobody is told anything of {tenant.name}",
            advice=f"add [[alerts]] to tenants.d/{tenant.name}.toml, and reload (docs/alerts.md)",
        )
    told = [Ear(tenant, alert, place_of(office, tenant, alert)) for alert in tenant.alerts]

    def decide(_: Mapping[str, Standing], last_no: int) -> Settlement:
        news = as_test(tenant.name, asking.now_us, last_no + 1)
        made = [each for ear in told for each in dispatches(ear, news, asking.now_us)]
        return Settlement(last_no=last_no + 1, dispatches=made)

    if request.dry_run:
        settled = decide(*await office.store.chronicle.standings())
    else:
        settled, _ = await office.store.chronicle.settle(decide, asking.now_us)
        for each in settled.dispatches:
            office.switchboard.ready(each.lane)
    made = settled.dispatches
    for each in made:
        await asking.emit(
            ChangedRow(
                what=f"test at {each.destination}",
                lane=each.lane,
                before="",
                after="" if request.dry_run else "waiting",
                done=not request.dry_run,
                dry_run=request.dry_run,
            )
        )
    if len(made) < len(tenant.alerts):
        return done("not every place is known to its target: lmsyncctl alert list", Exit.FAILURE)
    return done()


def _row(each: Standing) -> AlarmRow:
    alarm = each.alarm
    return AlarmRow(
        no=each.no,
        about=alarm.kind,
        severity=TRAITS[alarm.kind].severity,
        tenant=alarm.tenant,
        subject=alarm.subject,
        words=alarm.words,
        command=alarm.command,
        since_us=each.first_us,
        told=each.times,
        told_us=each.told_us or None,
    )


def _alert_row(tenant: Tenant, alert: Alert, asking: Asking) -> AlertRow:
    place = place_of(asking.office, tenant, alert)
    return AlertRow(
        lane=f"{tenant.name}/{alert.to}",
        place=place.destination if isinstance(place, Place) else "",
        about=alert.about,
        daemon=alert.daemon,
        repeat=alert.repeat,
        problem=place if isinstance(place, str) else "",
    )
