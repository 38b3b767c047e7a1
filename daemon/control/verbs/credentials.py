"""``credential``: the clients of the embedded LRS. What is made, rotated or revoked here is in force with the answer.

A secret exists in this process only until its row is sent: the store has its hash, the log has neither.
"""

import secrets

from actors.sources.xapi.settings import SCOPES_BY_DEFAULT, Credential, XapiSettings
from config.texts import user_name
from daemon.control.exits import Exit
from daemon.control.office import Asking, done
from daemon.control.protocol import (
    CredentialCreate,
    CredentialList,
    CredentialRevoke,
    CredentialRotate,
    Done,
    Refusal,
)
from daemon.control.times import moment, span
from daemon.control.views import ChangedRow, CredentialRow, SecretRow
from daemon.gateway.credentials import SCOPES
from daemon.gateway.keyring import State
from daemon.gateway.seal import Seal, SealUnusable, fresh_secret
from daemon.store.credentials import CredentialRefused, Rotation, StoredCredential, Use

NAME_CHARS_MAX = 100
_ONCE = "the secret is shown this once; what is kept is a hash of it"


async def listing(request: CredentialList, asking: Asking) -> Done:
    """The tenant files' first, then the stored ones, revoked ones included."""
    keyring = asking.office.keyring
    uses = await keyring.uses()
    files = {who: each for who, each in keyring.in_files().items() if request.tenant in ("", who[0])}
    stored = {who: each for who, each in keyring.stored().items() if request.tenant in ("", who[0])}
    if request.tenant and not files and not stored:
        asking.tenant(request.tenant)
    for (tenant, _), (source, credential) in sorted(files.items(), key=lambda item: item[0]):
        await asking.emit(_of_file(tenant, source, credential, uses.get((tenant, credential.key), Use())))
    for who, each in sorted(stored.items()):
        state = keyring.state(each)
        use = Use() if state == "hidden" else uses.get(who, Use())
        await asking.emit(_of_store(each, state, use, asking.now_us))
    if keyring.trouble_with_key:
        return done(f"stored credentials open nothing: {keyring.trouble_with_key}", Exit.DEGRADED)
    return done("" if files or stored else "there are no credentials")


async def create(request: CredentialCreate, asking: Asking) -> Done:
    tenant, source = _source(request.source, asking)
    name = _name(request.name or f"{source}-{secrets.token_hex(3)}")
    scopes = _scopes(request.scopes)
    keyring = asking.office.keyring
    if (tenant, name) in keyring.in_files():
        raise Refusal(Exit.FAILURE, f"the tenant file has a credential {name!r} already", advice="choose another name")
    before = keyring.stored().get((tenant, name))
    if before is not None and not before.dead(asking.now_us):
        advice = f"lmsyncctl credential rotate {tenant}/{name} makes a new secret for it"
        raise Refusal(Exit.FAILURE, f"{tenant} has a credential {name!r} already", advice=advice)
    note = "the name was given before: what was sent then counts as its own" if before is not None else ""
    if request.dry_run:
        await asking.emit(_changed(tenant, name, _was(before), "active", note, dry_run=True))
        return done()
    seal, secret = await _seal(asking), fresh_secret()
    expires_us = None if request.expires_s is None else asking.now_us + round(request.expires_s * 1e6)
    new = StoredCredential(
        tenant=tenant,
        name=name,
        source=source,
        scopes=scopes,
        rate_per_s=request.rate_per_s,
        burst=request.burst,
        seal=seal.id,
        hash=seal.hash(tenant, name, secret.encode()),
        made_us=asking.now_us,
        made_by=asking.peer.name,
        expires_us=expires_us,
    )
    try:
        await keyring.store.create(new)
    except CredentialRefused as refused:
        raise Refusal(Exit.FAILURE, str(refused)) from None
    await keyring.refresh()
    await asking.emit(_changed(tenant, name, _was(before), "active", note))
    await asking.emit(_told(new, secret, asking))
    return done(_ONCE)


async def rotate(request: CredentialRotate, asking: Asking) -> Done:
    """All or none. A secret before the former one works no longer: there are two at most."""
    found = [_stored(name, asking) for name in dict.fromkeys(request.names)]
    for each in found:
        if each.dead(asking.now_us):
            said = asking.office.keyring.state(each)
            advice = f"lmsyncctl credential create {each.tenant}/{each.source} --name {each.name}"
            raise Refusal(Exit.NOTHING, f"{each.tenant}/{each.name} is {said}; nothing was changed", advice=advice)
    until_us = asking.now_us + round(request.overlap_s * 1e6) if request.overlap_s else None
    note = f"the former secret works for {span(request.overlap_s)}" if until_us else "the former secret works no longer"
    if request.dry_run:
        for each in found:
            await asking.emit(_changed(each.tenant, each.name, "active", "rotated", note, dry_run=True))
        return done()
    seal = await _seal(asking)
    fresh = [fresh_secret() for _ in found]
    rotations = [
        Rotation(
            tenant=each.tenant,
            name=each.name,
            seal=seal.id,
            hash=seal.hash(each.tenant, each.name, secret.encode()),
            former_until_us=until_us,
        )
        for each, secret in zip(found, fresh, strict=True)
    ]
    try:
        await asking.office.keyring.store.rotate(rotations, asking.now_us)
    except CredentialRefused as refused:
        raise Refusal(Exit.STALE, str(refused)) from None
    await asking.office.keyring.refresh()
    for each, secret in zip(found, fresh, strict=True):
        await asking.emit(_changed(each.tenant, each.name, "active", "rotated", note))
        await asking.emit(_told(asking.office.keyring.stored()[each.tenant, each.name], secret, asking))
    return done(_ONCE)


async def revoke(request: CredentialRevoke, asking: Asking) -> Done:
    """All or none; from the next request on."""
    found = [_stored(name, asking) for name in dict.fromkeys(request.names)]
    keyring = asking.office.keyring
    states = [keyring.state(each) for each in found]
    for each in found:
        if each.revoked_us is not None:
            by = f"by {each.revoked_by}, {moment(each.revoked_us)}"
            raise Refusal(Exit.NOTHING, f"{each.tenant}/{each.name} was revoked already {by}; nothing was changed")
    if not request.dry_run:
        try:
            await keyring.store.revoke([(each.tenant, each.name) for each in found], asking.peer.name, asking.now_us)
        except CredentialRefused as refused:
            raise Refusal(Exit.STALE, str(refused)) from None
        await keyring.refresh()
    for each, state in zip(found, states, strict=True):
        await asking.emit(_changed(each.tenant, each.name, state, "revoked", "", dry_run=request.dry_run))
    return done()


# ── what was meant ───────────────────────────────────────────────────────────────────────────────────


def _source(where: str, asking: Asking) -> tuple[str, str]:
    """(tenant, source). Raises Refusal."""
    tenant_name, slash, source = where.partition("/")
    if not slash or not tenant_name or not source:
        raise Refusal(Exit.USAGE, f"{where!r} is not a source", advice="a source is written TENANT/SOURCE")
    known = asking.tenant(tenant_name).sources
    taking = [name for name, each in known.items() if isinstance(each.settings, XapiSettings)]
    if source not in taking:
        what = "does not take statements" if source in known else "is not a source of this tenant"
        advice = f"its sources that do: {', '.join(sorted(taking)) or 'none'}"
        raise Refusal(Exit.NOTHING, f"{where} {what}", advice=advice)
    return tenant_name, source


def _name(name: str) -> str:
    try:
        user_name(name)
    except ValueError as error:
        raise Refusal(Exit.USAGE, str(error), where="--name") from None
    if len(name) > NAME_CHARS_MAX:
        raise Refusal(Exit.USAGE, f"a name has at most {NAME_CHARS_MAX} characters", where="--name")
    return name


def _scopes(given: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [scope for scope in given if scope not in SCOPES]
    if unknown:
        raise Refusal(Exit.USAGE, f"there is no scope {unknown[0]!r}", advice=f"there are: {', '.join(SCOPES)}")
    return tuple(dict.fromkeys(given)) or SCOPES_BY_DEFAULT


def _stored(what: str, asking: Asking) -> StoredCredential:
    """A stored credential by TENANT/NAME. Raises Refusal."""
    tenant, slash, name = what.partition("/")
    if not slash or not tenant or not name:
        raise Refusal(Exit.USAGE, f"{what!r} is not a credential", advice="a credential is written TENANT/NAME")
    keyring = asking.office.keyring
    found = keyring.stored().get((tenant, name))
    if found is not None:
        return found
    if (tenant, name) in keyring.in_files():
        advice = (
            "put the new secret in its place and name the old one as secret_former, or take the credential out; "
            "then lmsyncctl reload"
        )
        raise Refusal(Exit.NOTHING, f"{what} stands in the tenant file; nothing was changed", advice=advice)
    raise Refusal(
        Exit.NOTHING, f"there is no credential {what!r}; nothing was changed", advice="lmsyncctl credential list"
    )


async def _seal(asking: Asking) -> Seal:
    try:
        return await asking.office.keyring.keep_key()
    except SealUnusable as error:
        advice = "mend the file; if it is lost, remove it: stored credentials then have to be rotated"
        raise Refusal(Exit.FAILURE, f"the key of secrets cannot be used: {error}", advice=advice) from None


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def _was(before: StoredCredential | None) -> str:
    if before is None:
        return "absent"
    return "revoked" if before.revoked_us is not None else "expired"


def _changed(tenant: str, name: str, before: str, after: str, note: str, *, dry_run: bool = False) -> ChangedRow:
    return ChangedRow(what=f"{tenant}/{name}", before=before, after=after, done=not dry_run, dry_run=dry_run, note=note)


def _told(credential: StoredCredential, secret: str, asking: Asking) -> SecretRow:
    public_url = asking.office.configuration().daemon.gateway.public_url.rstrip("/")
    return SecretRow(
        tenant=credential.tenant,
        source=credential.source,
        name=credential.name,
        secret=secret,
        scopes=credential.scopes,
        endpoint=f"{public_url}/t/{credential.tenant}/xapi/",
        expires_us=credential.expires_us,
        former_until_us=credential.former_until_us,
    )


def _of_file(tenant: str, source: str, credential: Credential, use: Use) -> CredentialRow:
    return CredentialRow(
        tenant=tenant,
        source=source,
        name=credential.key,
        origin="file",
        state="active",
        scopes=credential.scopes,
        rate_per_s=credential.rate_per_s,
        burst=credential.burst,
        used=use.n,
        used_us=use.used_us or None,
        overlap=credential.secret_former is not None,
        former_used_us=use.former_used_us,
    )


def _of_store(credential: StoredCredential, state: State, use: Use, now_us: int) -> CredentialRow:
    overlap = credential.former_until_us is not None and now_us < credential.former_until_us
    return CredentialRow(
        tenant=credential.tenant,
        source=credential.source,
        name=credential.name,
        origin="stored",
        state=state,
        scopes=credential.scopes,
        rate_per_s=credential.rate_per_s,
        burst=credential.burst,
        used=use.n,
        used_us=use.used_us or None,
        overlap=overlap,
        former_until_us=credential.former_until_us if overlap else None,
        former_used_us=use.former_used_us,
        made_us=credential.made_us,
        made_by=credential.made_by,
        rotated_us=credential.rotated_us,
        expires_us=credential.expires_us,
        revoked_us=credential.revoked_us,
        revoked_by=credential.revoked_by,
    )
