"""``token``: whose tokens there are, renewing them now, giving them back, and whether they may do too much."""

from config.numbers import number_of
from daemon.connections import BUSY, ConnectionDesk, Standing
from daemon.control.exits import Exit
from daemon.control.office import Asking, Unsettled, done
from daemon.control.protocol import Done, Refusal, TokenList, TokenRevoke, TokenRotate, TokenScopes
from daemon.control.views import ChangedRow, ScopeRow, TokenRow

WAITING = ("lost", "revoked", "unconnected")


async def listing(request: TokenList, asking: Asking) -> Done:
    if request.tenant:
        asking.tenant(request.tenant)
    found = _all(asking, request.tenant)
    for each in found:
        await asking.emit(_row(each))
    mute = [each for each in found if each.state in WAITING or not each.usable]
    if mute:
        return done(f"{len(mute)} of {len(found)} cannot speak, or not for long", Exit.DEGRADED)
    return done("" if found else "there are no connections with tokens")


async def scopes(request: TokenScopes, asking: Asking) -> Done:
    """Lacking ones first, then those that are too much."""
    if request.name and "/" not in request.name:
        asking.tenant(request.name)
        found = _all(asking, request.name)
    else:
        found = _named((request.name,), asking) if request.name else _all(asking)
    odd = 0
    for each in found:
        for row in _judged(each):
            odd += row.verdict in ("lacking", "excess")
            await asking.emit(row)
    if odd:
        return done(f"{number_of(odd, 'permissions', 'is', 'are')} lacking or too much", Exit.DEGRADED)
    return done("" if found else "there are no connections with tokens")


async def rotate(request: TokenRotate, asking: Asking) -> Done:
    found = _named(request.names, asking)
    for each in found:
        if each.static:
            advice = "put the new one where the configuration says it is: it is used from the next request on"
            raise Refusal(Exit.NOTHING, f"{_name(each)} is looked after by an operator", advice=advice)
        if not (each.holding.has_refresh or each.seeded):
            advice = "connect the account again" if each.can_connect else ""
            raise Refusal(Exit.NOTHING, f"{_name(each)} cannot be renewed: {each.why or each.state}", advice=advice)
    failures, lost = 0, []
    for each in found:
        why = "" if request.dry_run else await _desk(asking).renew(each.on, each.speaker)
        failures += bool(why)
        lost += [_name(each)] if why == BUSY else []
        await asking.emit(_changed(each, "renewed", why, dry_run=request.dry_run))
    _settled(lost)
    if failures:
        return done("those in use serve on; it is tried again", Exit.FAILURE)
    return done()


async def revoke(request: TokenRevoke, asking: Asking) -> Done:
    found = _named(request.names, asking)
    for each in found:
        if each.static:
            advice = "revoke it at the vendor, and take it out of the configuration"
            raise Refusal(Exit.NOTHING, f"{_name(each)} is looked after by an operator", advice=advice)
        if each.holding.state in ("none", "revoked"):
            raise Refusal(Exit.NOTHING, f"{_name(each)} has no token: it is {each.state}; nothing was changed")
    why = f"revoked by {asking.peer.name}" + (f": {request.reason}" if request.reason else "")
    failures, lost = 0, []
    for each in found:
        said = ""
        if not request.dry_run:
            desk = _desk(asking)
            said = await desk.revoke(each.on, each.speaker, why, asking.peer.name, asking.correlation_id)
        failures += bool(said)
        lost += [_name(each)] if said == BUSY else []
        await asking.emit(_changed(each, "revoked", said, dry_run=request.dry_run))
    _settled(lost)
    return done("the vendor was not told of all of it", Exit.FAILURE) if failures else done()


# ── what is meant ────────────────────────────────────────────────────────────────────────────────────


def _desk(asking: Asking) -> ConnectionDesk:
    return asking.office.desk


def _all(asking: Asking, tenant: str = "") -> list[Standing]:
    names = [tenant] if tenant else sorted(asking.office.configuration().tenants)
    return [each for name in names for each in _desk(asking).standings(name)]


def _named(names: tuple[str, ...], asking: Asking) -> list[Standing]:
    """Each TENANT/NAME[:SPEAKER]; without a speaker, whoever speaks there. Raises Refusal."""
    found: list[Standing] = []
    for name in dict.fromkeys(names):
        on, _, speaker = name.partition(":")
        tenant, slash, rest = on.partition("/")
        if not (slash and tenant and rest):
            raise Refusal(Exit.USAGE, f"{name!r} is not a connection", advice="it is written TENANT/NAME[:SPEAKER]")
        asking.tenant(tenant)
        here = [each for each in _desk(asking).standings(tenant) if each.name == rest and speaker in ("", each.speaker)]
        if not here:
            raise Refusal(Exit.NOTHING, f"there is no connection {name!r} with tokens", advice="lmsyncctl token list")
        found += [each for each in here if each not in found]
    return found


def _settled(lost: list[str]) -> None:
    """Raises Unsettled where of some nobody knows."""
    if lost:
        raise Unsettled(f"{', '.join(lost)}: {BUSY}")


def _name(each: Standing) -> str:
    return f"{each.on}:{each.speaker}"


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def _changed(each: Standing, after: str, note: str, *, dry_run: bool) -> ChangedRow:
    done_ = not dry_run and not note
    return ChangedRow(what=_name(each), before=each.state, after=after, done=done_, dry_run=dry_run, note=note)


def _row(each: Standing) -> TokenRow:
    held = each.holding
    return TokenRow(
        connection=each.on,
        platform=each.kind,
        speaker=each.speaker,
        state=each.state,
        usable=each.usable,
        account=held.account,
        by=held.by,
        since_us=held.since_us or None,
        obtained_us=held.obtained_us or None,
        expires_us=held.expires_us,
        renews_us=each.renews_us,
        renewable=held.has_refresh or (each.seeded and not each.static),
        asked_us=held.asked_us,
        version=held.version,
        lacking=each.lacking,
        excess=each.excess,
        why=each.why,
        note=held.note,
    )


def _judged(each: Standing) -> list[ScopeRow]:
    granted = each.holding.scopes
    rows = []
    for need in each.needed:
        verdict = "needed" if granted is None else "lacking" if need.scope in each.lacking else "granted"
        features = tuple(sorted(feature.value for feature in need.features))
        rows.append(
            ScopeRow(
                connection=each.on,
                speaker=each.speaker,
                scope=need.scope,
                verdict=verdict,
                why=f"needed for {need.why}",
                features=features,
            )
        )
    why = "granted, but no route makes use of it"
    rows += [
        ScopeRow(connection=each.on, speaker=each.speaker, scope=scope, verdict="excess", why=why)
        for scope in each.excess
    ]
    order = {"lacking": 0, "excess": 1}
    return sorted(rows, key=lambda row: order.get(row.verdict, 2))
