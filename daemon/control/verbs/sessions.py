"""``session``: people who signed in to the pages. Whoever is revoked is not signed in from the next request on."""

from config.durations import seconds
from config.model import Tenant
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import ALL, Done, Refusal, Role, SessionList, SessionRevoke
from daemon.control.views import ChangedRow, SessionRow
from daemon.store.sessions import StoredSession


async def listing(request: SessionList, asking: Asking) -> Done:
    """Those that are not over."""
    if request.tenant:
        asking.tenant(request.tenant)
    living = await _living(request.tenant, asking)
    for each in living:
        await asking.emit(_row(each))
    return done("" if living else "nobody is signed in")


async def revoke(request: SessionRevoke, asking: Asking) -> Done:
    """All or none: a name that means nobody revokes nothing."""
    chosen: dict[bytes, StoredSession] = {}
    for name in request.names:
        tenant, slash, handle = name.partition("/")
        if not slash or not handle:
            raise Refusal(Exit.USAGE, f"{name!r} names no session", advice="a session is written TENANT/ID")
        asking.tenant(tenant)
        found = [each for each in await _living(tenant, asking) if handle in (ALL, each.handle)]
        if not found and handle != ALL:
            raise Refusal(Exit.NOTHING, f"there is no session {name}", advice=f"lmsyncctl session list {tenant}")
        chosen |= {each.id: each for each in found}
    ended = list(chosen.values())
    if not request.dry_run:
        ended = await asking.office.store.sessions.end(list(chosen))
    for each in ended:
        if not request.dry_run:
            asking.office.witness.event(
                "session.ended", tenant=each.tenant, who=each.who, session=each.handle, why="an operator revoked it"
            )
        await asking.emit(
            ChangedRow(
                what=f"session {each.tenant}/{each.handle}",
                before="signed in",
                after="ended",
                done=not request.dry_run,
                dry_run=request.dry_run,
                note=each.email or each.subject,
            )
        )
    return done("" if ended else "nobody is signed in", Exit.OK if ended else Exit.NOTHING)


async def _living(tenant: str, asking: Asking) -> list[StoredSession]:
    tenants = asking.office.configuration().tenants
    found = await asking.office.store.sessions.all(tenant)
    return [each for each in found if not _over(each, tenants.get(each.tenant), asking.now_us)]


def _over(session: StoredSession, tenant: Tenant | None, now_us: int) -> bool:
    """Whether its time is over, or nothing was done for too long. It goes when its browser comes again, or is swept."""
    if tenant is None or tenant.sso is None:
        return True
    words = tenant.sso.sessions
    life_us, idle_us = (round(seconds(each) * 1e6) for each in (words.life, words.idle))
    return now_us >= min(session.until_us, session.began_us + life_us, session.seen_us + idle_us)


def _row(each: StoredSession) -> SessionRow:
    return SessionRow(
        tenant=each.tenant,
        id=each.handle,
        via=each.via,
        subject=each.subject,
        issuer=each.issuer,
        name=each.name,
        email=each.email,
        person=each.person,
        role=Role(each.role).name.lower(),
        roles=each.roles,
        place=each.place,
        began_us=each.began_us,
        seen_us=each.seen_us,
        until_us=each.until_us,
    )
