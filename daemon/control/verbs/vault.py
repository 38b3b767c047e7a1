"""``secret`` and ``vault``: what operators put in, and the keys that it is sealed with. Everything is in force with the
answer. Values come in and are never told.
"""

from functools import partial

from actors.domain.progress import Progress
from config.numbers import agreeing, number_of
from config.referring import references
from config.secrets import SECRET_BYTES_MAX, is_name
from config.tenant import NAME, NAME_FORM
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    Done,
    Refusal,
    SecretList,
    SecretRemove,
    SecretSet,
    VaultRotate,
    VaultShred,
    VaultUnlock,
)
from daemon.control.vault_asks import SECRET_CHARS_MAX
from daemon.control.views import ChangedRow, DataKeyRow, PutRow, VaultRow
from daemon.control.watching import attended
from daemon.vault.envelope import VaultUnusable
from daemon.vault.secrets import SecretRefused, Who
from daemon.vault.strongroom import Strongroom, VaultState

HOST = "."
UNLOCK = "lmsyncctl vault status says what is wrong; lmsyncctl vault unlock tries again"


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────


async def put(request: SecretSet, asking: Asking) -> Done:
    tenant, name = _name(request.name)
    value = _value(request.value)
    room = asking.office.strongroom
    before = room.secrets.stored().get((tenant, name))
    was = "absent" if before is None else f"version {before.version}"
    users = _users(asking, tenant, name)
    note = f"used by {', '.join(users)}" if users else "nobody refers to it yet"
    if request.dry_run:
        await asking.emit(_changed(tenant, name, was, "set", note, dry_run=True))
        return done()
    try:
        new = await room.put(tenant, name, value, asking.peer.name)
    except SecretRefused as refused:
        raise Refusal(Exit.FAILURE, str(refused)) from None
    except VaultUnusable as error:
        raise _closed(error) from None
    asking.office.try_suspended(tenant)
    await asking.emit(_changed(tenant, name, was, f"version {new.version}", note))
    return done()


async def listing(request: SecretList, asking: Asking) -> Done:
    secrets = asking.office.strongroom.secrets
    found = {who: each for who, each in sorted(secrets.stored().items()) if request.tenant in ("", who[0])}
    if request.tenant and not found:
        asking.tenant(request.tenant)
    closed = 0
    for (tenant, name), each in found.items():
        trouble = ""
        try:
            secrets.open(each)
        except VaultUnusable as error:
            trouble, closed = error.why, closed + 1
        await asking.emit(
            PutRow(
                tenant=tenant,
                name=name,
                version=each.version,
                set_us=each.set_us,
                set_by=each.set_by,
                used_by=_users(asking, tenant, name),
                trouble=trouble,
            )
        )
    if closed:
        return done(f"{closed} cannot be opened", Exit.DEGRADED)
    return done("" if found else "nothing was put in")


async def remove(request: SecretRemove, asking: Asking) -> Done:
    """All or none."""
    room = asking.office.strongroom
    which = [_name(name) for name in dict.fromkeys(request.names)]
    stored = room.secrets.stored()
    for tenant, name in which:
        if (tenant, name) not in stored:
            raise Refusal(
                Exit.NOTHING,
                f"there is no secret {_shown(tenant, name)!r}; nothing was changed",
                advice="lmsyncctl secret list",
            )
    users = {who: _users(asking, *who) for who in which}
    if not request.dry_run:
        await room.secrets.remove(which)
    for who in which:
        lost = (
            f"{', '.join(users[who])} still {agreeing(len(users[who]), 'refers', 'refer')} to it" if users[who] else ""
        )
        was = f"version {stored[who].version}"
        await asking.emit(_changed(*who, was, "removed", lost, dry_run=request.dry_run))
    return done()


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────


async def status(asking: Asking) -> Done:
    room = asking.office.strongroom
    state = await room.state()
    await asking.emit(
        VaultRow(
            sealing=state.sealing.kind,
            where=state.sealing.where,
            kek=state.kek,
            keys=len(state.keys),
            former=state.former,
            closed=state.closed,
            trouble=state.trouble,
            remarks=tuple(_remarks(room, state)),
        )
    )
    for each in state.keys:
        await asking.emit(
            DataKeyRow(
                tenant=each.tenant,
                key=each.id,
                kek=each.kek,
                state="closed" if each.trouble else "retired" if each.retired_us is not None else "in use",
                values=each.values,
                made_us=each.made_us,
                wrapped_us=each.wrapped_us,
                former=each.former,
                trouble=each.trouble,
            )
        )
    return done(code=Exit.DEGRADED if state.trouble or state.closed else Exit.OK)


async def rotate(request: VaultRotate, asking: Asking) -> Done:
    room = asking.office.strongroom
    state = await room.state()
    if not request.tenants and not request.everything:
        return await _rewrap(request, state, asking)
    having = {each.tenant for each in state.keys}
    wanted = having if request.everything else {"" if name == HOST else name for name in request.tenants}
    for tenant in sorted(wanted - having):
        raise Refusal(
            Exit.NOTHING,
            f"{tenant or 'the host'} has no data key; nothing was changed",
            advice="lmsyncctl vault status shows who has one",
        )
    for tenant in sorted(wanted):
        n, left = sum(each.values for each in state.keys if each.tenant == tenant), 0
        if not request.dry_run:
            try:
                progress = Progress()
                progress.step(f"sealing what {tenant or 'the host'} has anew", 0, n, "values")
                progress.bind()  # under two keys everything opens, but one is the end of it
                renewing = partial(room.rotation.renew, tenant, progress)
                n, left = await attended(renewing, progress, asking)
            except VaultUnusable as error:
                raise _closed(error) from None
        note = _did(n, "values", "sealed", left, agreeing(left, "does not open", "do not open"))
        await asking.emit(
            ChangedRow(
                what=f"data key of {tenant or 'the host'}",
                before="in use",
                after="retired",
                done=not request.dry_run,
                dry_run=request.dry_run,
                note=note,
            )
        )
    return done("" if wanted else "there are no data keys")


async def _rewrap(request: VaultRotate, state: VaultState, asking: Asking) -> Done:
    room = asking.office.strongroom
    beside = room.keks.file is not None
    n = len(state.keys) if beside else state.former
    left, after = state.closed, state.kek
    if not request.dry_run:
        try:
            n, left = await room.rotation.rewrap()
        except VaultUnusable as error:
            raise _closed(error) from None
        after = (await room.state()).kek
    note = _did(n, "data keys", "wrapped", left, "cannot be opened")
    await asking.emit(
        ChangedRow(
            what="key of the vault",
            before=state.kek or "none",
            after=after or "none",
            done=not request.dry_run,
            dry_run=request.dry_run,
            note=note,
        )
    )
    return done(code=Exit.DEGRADED if left else Exit.OK)


async def unlock(request: VaultUnlock, asking: Asking) -> Done:
    room = asking.office.strongroom
    before = len(room.vault.closed())
    if not request.dry_run:
        await room.unlock()
        await room.secrets.refresh()
        asking.office.try_suspended("")
    left = len(room.vault.closed())
    await asking.emit(
        ChangedRow(
            what="data keys",
            before=f"{before} closed",
            after=f"{left} closed",
            done=not request.dry_run,
            dry_run=request.dry_run,
        )
    )
    return done(room.trouble(), Exit.DEGRADED if left else Exit.OK)


async def shred(request: VaultShred, asking: Asking) -> Done:
    room = asking.office.strongroom
    tenant = request.tenant
    if tenant in asking.office.configuration().tenants:
        raise Refusal(
            Exit.FAILURE,
            f"{tenant} is configured; nothing was changed",
            advice="take its file out of tenants.d and reload first, or remove single secrets: lmsyncctl secret remove",
        )
    state = await room.state()
    keys = [each for each in state.keys if each.tenant == tenant]
    put_in = sum(who == tenant for who, _ in room.secrets.stored())
    if not keys and not put_in:
        raise Refusal(Exit.NOTHING, f"nothing of {tenant!r} is in the vault", advice="lmsyncctl vault status")
    if not request.dry_run:
        await room.shred(tenant)
    values = sum(each.values for each in keys)
    await asking.emit(
        ChangedRow(
            what=f"data keys of {tenant}",
            before=str(len(keys)),
            after="none",
            done=not request.dry_run,
            dry_run=request.dry_run,
            note=f"{number_of(values, 'values')} unreadable for good; older backups have the keys still, under the "
            "vault's key",
        )
    )
    return done()


# ── what was meant, and what is told ─────────────────────────────────────────────────────────────────


def _name(given: str) -> Who:
    """(tenant, name). Raises Refusal."""
    tenant, slash, name = given.rpartition("/")
    if slash and NAME.fullmatch(tenant) is None:
        raise Refusal(Exit.USAGE, f"{tenant!r} is no name of a tenant", advice=NAME_FORM)
    if not is_name(name):
        raise Refusal(
            Exit.USAGE,
            f"{name!r} is no name of a secret",
            advice="a name has 1 to 255 printable ASCII characters, no space and no slash; TENANT/NAME is one tenant's",
        )
    return tenant, name


def _value(value: str) -> str:
    if not value:
        raise Refusal(Exit.USAGE, "the secret is empty; nothing was changed")
    if "\0" in value:
        raise Refusal(Exit.USAGE, "the secret has NUL characters; nothing was changed")
    if len(value) > SECRET_CHARS_MAX or len(value.encode()) > SECRET_BYTES_MAX:
        raise Refusal(Exit.USAGE, f"the secret is longer than {SECRET_BYTES_MAX:,} bytes; nothing was changed")
    return value


def _users(asking: Asking, tenant: str, name: str) -> tuple[str, ...]:
    """Who refers to this one: not those who have one of their own of this name."""
    stored = asking.office.strongroom.secrets.stored()
    found = references(asking.office.configuration()).get(name, ())
    return tuple(
        where for owner, where in found if (owner == tenant if tenant else (owner, name) not in stored or not owner)
    )


def _closed(error: VaultUnusable) -> Refusal:
    code = Exit.AGAIN if error.passing else Exit.FAILURE
    return Refusal(code, f"the vault cannot be used: {error.why}", advice=UNLOCK)


def _remarks(room: Strongroom, state: VaultState) -> list[str]:
    said = []
    if state.former:
        said.append(
            f"{number_of(state.former, 'data keys', 'is', 'are')} wrapped with a former key: lmsyncctl vault rotate"
        )
    if state.sealing.kind == "plain":
        said.append("whoever can read the key and the database can read every secret: docs/secrets.md")
    beside = room.keks.beside.path
    if beside.exists() and beside.stat().st_mode & 0o077:
        said.append(f"others on this machine may read {beside}: chmod 600")
    if room.keks.file is None and beside.exists() and not state.former and not state.closed:
        said.append(f"{beside} is not needed any more: keep a copy for old backups, and remove it")
    return said


def _did(n: int, nouns: str, deed: str, left: int, why: str) -> str:
    """``3 values sealed anew``, and how many were left."""
    stay = f"{why} and {agreeing(left, 'stays as it is', 'stay as they are')}"
    return f"{number_of(n, nouns)} {deed} anew" + (f", {left:,} {stay}" if left else "")


def _shown(tenant: str, name: str) -> str:
    return f"{tenant}/{name}" if tenant else name


def _changed(tenant: str, name: str, before: str, after: str, note: str, *, dry_run: bool = False) -> ChangedRow:
    return ChangedRow(
        what=_shown(tenant, name), before=before, after=after, done=not dry_run, dry_run=dry_run, note=note
    )
