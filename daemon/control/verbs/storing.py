"""``retention forecast``: how much each tenant stores, how fast that grows, when retention holds it level, and when the
disk is full.
"""

import shutil
from typing import assert_never

from actors.domain.storage import DAY_US, Growth, full_after_days
from config.durations import seconds
from config.model import Tenant
from daemon.backup.copying import Resting, Watch
from daemon.control.backed import DiskRow, StorageRow
from daemon.control.backup_asks import RetentionForecast
from daemon.control.office import Asking, done
from daemon.control.protocol import Done
from daemon.control.watching import watched
from daemon.store.storing import Kind, Storage, Stored, measure

RATE_DAYS = 28.0
"""Four weeks: as many of each day of the week."""
SECONDS_PER_DAY = 86_400.0


async def forecast(request: RetentionForecast, asking: Asking) -> Done:
    """Everything is measured; of one tenant's, only that is shown."""
    office, now_us = asking.office, asking.now_us
    if request.tenant:
        asking.tenant(request.tenant)
    path = office.store.path

    def work(watch: Watch) -> Storage:
        rest = Resting()

        def step() -> None:
            watch.step("measuring", 0, 0)
            rest()

        return measure(path, now_us, RATE_DAYS, step)

    storage = await watched(work, asking)
    words = office.configuration()
    growths = []
    for each in storage.stored:
        period = _period(
            each.kind, words.tenants.get(each.tenant), words.daemon.audit.keep, list(words.tenants.values())
        )
        growth = _growth(each, period, now_us)
        growths.append(growth)
        if request.tenant in ("", each.tenant):
            await asking.emit(_row(each, growth, period, now_us))
    free = shutil.disk_usage(path.parent).free
    after_days = full_after_days(growths, free + storage.reusable_bytes)
    per_day = sum(growth.slope_now for growth in growths)
    await asking.emit(
        DiskRow(
            database_bytes=storage.database_bytes,
            reusable_bytes=storage.reusable_bytes,
            disk_free_bytes=free,
            bytes_per_day=round(per_day),
            full_us=None if after_days is None else now_us + round(after_days * DAY_US),
            measured=storage.measured,
            days=storage.days,
        )
    )
    if after_days is None:
        return done("at this rate the disk is never full")
    return done(f"at this rate the disk is full in {after_days:,.0f} days")


def _period(kind: Kind, tenant: Tenant | None, audit: str | None, tenants: list[Tenant]) -> str:
    """How long it is kept, as configured; empty: for ever, or (records) as long as the source has it."""
    match kind:
        case "audit":
            return audit or ""
        case "effects":
            return max((each.retention.effect_horizon for each in tenants), key=seconds, default="")
        case "statements" | "attachments":
            return tenant.retention.statements if tenant else ""
        case "deliveries":
            return tenant.retention.deliveries if tenant else ""
        case "documents":
            return (tenant.retention.documents or "") if tenant else ""
        case "records" | "other":
            return ""
        case _ as never:
            assert_never(never)


def _growth(each: Stored, period: str, now_us: int) -> Growth:
    return Growth(
        rows=each.rows,
        bytes=float(each.bytes),
        per_day=each.per_day,
        age_days=max(0.0, (now_us - each.oldest_us) / DAY_US) if each.oldest_us else 0.0,
        period_days=seconds(period) / SECONDS_PER_DAY if period else None,
    )


def _row(each: Stored, growth: Growth, period: str, now_us: int) -> StorageRow:
    level = growth.level()
    return StorageRow(
        tenant=each.tenant,
        what=each.kind,
        rows=each.rows,
        bytes=each.bytes,
        rows_per_day=round(each.per_day, 1),
        bytes_per_day=round(growth.bytes_per_day),
        period=period or "for ever",
        stable_us=None if level is None else now_us + round(level[0] * DAY_US),
        stable_bytes=None if level is None else round(level[1]),
    )
