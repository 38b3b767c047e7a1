"""``identity``: who is who across sources and targets, what is not certain, and what people say of it."""

import sqlite3

from actors.domain.identity import ACCOUNT, EMAIL, Confidence
from actors.domain.people import fold_email, sha1_key
from actors.domain.persons import identified
from config.model import Tenant
from config.numbers import number_of
from daemon.control.exits import Exit
from daemon.control.identities import IdentifierView, PersonaView
from daemon.control.office import Asking, done
from daemon.control.protocol import Done, IdentityFind, IdentityLink, IdentityList, IdentityUnlink, Refusal
from daemon.control.views import ChangedRow, MatchRow, PersonRow
from daemon.store import linking
from daemon.store.dossier import Dossier, dossier, open_deliveries
from daemon.store.identity import OPERATOR, SHA1, folded


async def find(request: IdentityFind, asking: Asking) -> Done:
    tenant = _tenant(request.tenant, request.text, asking)
    store = asking.office.store.dossiers
    persons = await _meant(request.text, tenant, asking) or await store.like(tenant.name, request.text)
    for person in persons:
        found = await store.dossier(tenant.name, person)
        if found is not None:
            await asking.emit(row_of(tenant.name, found))
    return done() if persons else done("nobody is known by that", Exit.NOTHING)


async def listing(request: IdentityList, asking: Asking) -> Done:
    """Of one tenant, or of all."""
    names = [asking.tenant(request.tenant).name] if request.tenant else sorted(asking.office.configuration().tenants)
    count = 0
    for name in names:
        for one in await asking.office.store.dossiers.questions(name, request.limit - count):
            count += 1
            await asking.emit(
                MatchRow(
                    tenant=name,
                    a=one.a[0],
                    a_user=_user(one.a[1], one.a[2]),
                    a_name=one.a[3],
                    b=one.b[0],
                    b_user=_user(one.b[1], one.b[2]),
                    b_name=one.b[3],
                    common=f"{one.namespace}:{one.value}",
                    against=one.against,
                    since_us=one.since_us,
                )
            )
        if count >= request.limit:
            break
    if not count:
        return done("no question is open", Exit.NOTHING)
    return done("lmsyncctl identity link A B says that two are one person, identity unlink USER that one is not")


async def link(request: IdentityLink, asking: Asking) -> Done:
    tenant = _tenant(request.tenant, request.one, asking)
    one = await _one(request.one, tenant, asking)
    target, colon, address = request.other.partition(":")
    if colon and address and target in tenant.targets:
        return await _contact(tenant, one, target, address, request.dry_run, asking)
    others = await _meant(request.other, tenant, asking)
    if len(others) > 1:
        raise _several(request.other, others, tenant)
    if others == [one]:
        raise Refusal(Exit.NOTHING, f"{tenant.name}/{one} is that person already; nothing was changed")
    identifiers = [] if others else _identifiers(request.other)
    rules, by, now_us = asking.office.store.persons.rules(tenant.name), asking.peer.name, asking.now_us

    def job(raw: sqlite3.Connection) -> tuple[Dossier | None, int, int]:
        texts = [text for each in (one, *others) for text in _texts(raw, tenant.name, each)]
        if others:
            person = linking.link(raw, tenant.name, one, others[0], rules, by, now_us)
        else:
            person = linking.add(raw, tenant.name, one, identifiers, rules, by, now_us)
        return dossier(raw, tenant.name, person), person, open_deliveries(raw, tenant.name, texts)

    found, person, waiting = await asking.office.store.dossiers.change(job, dry_run=request.dry_run)
    other = f"{tenant.name}/{others[0]}" if others else request.other
    note = _note(found, waiting)
    what = f"{tenant.name}/{one} + {other}"
    await asking.emit(_changed(what, "apart", f"{tenant.name}/{person}", note, request.dry_run))
    if found is not None:
        await asking.emit(row_of(tenant.name, found))
    if not request.dry_run:
        asking.office.witness.event("identity.linked", tenant=tenant.name, person=person, login=asking.peer.login)
    return done("what was counted of either counts as theirs; nothing is announced again")


async def unlink(request: IdentityUnlink, asking: Asking) -> Done:
    tenant = _tenant(request.tenant, request.which, asking)
    target, colon, address = request.which.partition(":")
    if colon and target in tenant.targets:
        return await _uncontact(tenant, target, address, request.dry_run, asking)
    store = asking.office.store.dossiers
    personas = await store.persona(tenant.name, request.which, [*tenant.sources])
    if not personas:
        raise Refusal(Exit.NOTHING, f"nobody is known by {request.which!r}", advice="lmsyncctl identity find TEXT")
    if len(personas) > 1:
        raise Refusal(
            Exit.STALE, f"{len(personas)} users have {request.which!r}; nothing was changed",
            advice="name one as SOURCE/ID: lmsyncctl identity find shows them",
        )  # fmt: skip
    rules, by, now_us = asking.office.store.persons.rules(tenant.name), asking.peer.name, asking.now_us

    def job(raw: sqlite3.Connection) -> tuple[int, int, int, list[Dossier]]:
        """Who is alone can be meant only by questions: they are answered."""
        now, rest = linking.unlink(raw, tenant.name, personas[0], rules, by, now_us)
        denied = 0 if rest else linking.deny(raw, tenant.name, personas[0], rules, by, now_us)
        return now, rest, denied, [one for each in (rest, now) if each and (one := dossier(raw, tenant.name, each))]

    now, rest, denied, found = await store.change(job, dry_run=request.dry_run)
    if not rest and not denied:
        raise Refusal(Exit.NOTHING, f"{request.which} is alone already and of no question; nothing was changed")
    before, after = f"{tenant.name}/{rest or now}", f"{tenant.name}/{now}"
    note = "no rule will ever take them for one again" if rest else f"questions answered with no: {denied}"
    await asking.emit(_changed(request.which, before, after, note, request.dry_run))
    for each in found:
        await asking.emit(row_of(tenant.name, each))
    if not request.dry_run:
        asking.office.witness.event("identity.unlinked", tenant=tenant.name, person=now, login=asking.peer.login)
    return done()


# ── what targets call them ───────────────────────────────────────────────────────────────────────────


async def _contact(tenant: Tenant, person: int, target: str, address: str, dry_run: bool, asking: Asking) -> Done:
    by, now_us = asking.peer.name, asking.now_us
    before = await asking.office.store.dossiers.change(
        lambda raw: linking.contact(raw, person, target, address, by, now_us), dry_run=dry_run
    )
    await asking.emit(_changed(f"{tenant.name}/{person}", f"{target}:{before}" if before else "looked up by address",
                               f"{target}:{address}" if address else "looked up by address", "", dry_run))  # fmt: skip
    if not dry_run:
        name = "identity.linked" if address else "identity.unlinked"
        asking.office.witness.event(name, tenant=tenant.name, person=person, login=asking.peer.login, target=target)
        asking.office.switchboard.reconcile(tenant.name)
    return done()


async def _uncontact(tenant: Tenant, target: str, address: str, dry_run: bool, asking: Asking) -> Done:
    def job(raw: sqlite3.Connection) -> list[int]:
        sql = (
            "SELECT c.person FROM contacts c JOIN persons p ON p.no = c.person "
            "WHERE p.tenant = ? AND c.target = ? AND c.address = ?"
        )
        return [row[0] for row in raw.execute(sql, (tenant.name, target, address))]

    found = await asking.office.store.dossiers.change(job, dry_run=True)
    if len(found) != 1:
        code = Exit.STALE if found else Exit.NOTHING
        raise Refusal(code, f"{len(found) or 'no'} persons are linked with {target}:{address}; nothing was changed")
    return await _contact(tenant, found[0], target, "", dry_run, asking)


# ── what was meant ───────────────────────────────────────────────────────────────────────────────────


def _tenant(name: str, text: str, asking: Asking) -> Tenant:
    """Named, or in front of a person's number, or the only one. Raises Refusal."""
    tenants = asking.office.configuration().tenants
    before, slash, number = text.partition("/")
    if not name and slash and number.isdigit() and before in tenants:
        name = before
    if not name and len(tenants) == 1:
        name = next(iter(tenants))
    if not name:
        raise Refusal(Exit.USAGE, "there are several tenants", advice="say which: --tenant NAME")
    return asking.tenant(name)


async def _meant(text: str, tenant: Tenant, asking: Asking) -> list[int]:
    """Persons by number or identifier."""
    store = asking.office.store.dossiers
    number = text.removeprefix(f"{tenant.name}/")
    if number.isdigit() and (number != text or len(number) < 10) and await store.dossier(tenant.name, int(number)):
        return [int(number)]
    return await store.exactly(tenant.name, text, [*tenant.sources])


async def _one(text: str, tenant: Tenant, asking: Asking) -> int:
    found = await _meant(text, tenant, asking)
    if not found:
        raise Refusal(Exit.NOTHING, f"nobody is known by {text!r}", advice="lmsyncctl identity find TEXT")
    if len(found) > 1:
        raise _several(text, found, tenant)
    return found[0]


def _several(text: str, found: list[int], tenant: Tenant) -> Refusal:
    who = ", ".join(f"{tenant.name}/{person}" for person in found[:10])
    return Refusal(Exit.STALE, f"{len(found)} persons have {text!r}; nothing was changed", advice=f"name one: {who}")


def _identifiers(text: str) -> list[tuple[str, str]]:
    """Of an identifier that nobody has yet. Raises Refusal."""
    try:
        person = identified(text)
    except ValueError as error:
        namespace, colon, value = text.partition(":")
        if colon and value.strip() and namespace in ("sis", "upn", "username", "sourcedid", "nameid", "sub", "master"):
            return [(namespace, folded(namespace, value))]
        raise Refusal(Exit.NOTHING, str(error), advice="or a person, a user as SOURCE/ID, TARGET:ADDRESS") from None
    found = [(EMAIL, fold_email(email)) for email in person.emails]
    found += [(ACCOUNT, f"{home}|{name}") for home, name in person.accounts]
    found += [("openid", iri) for iri in person.openids]
    found += [(SHA1, sha1_key(email).partition(":")[2]) for email in person.emails]
    found += [(SHA1, digits) for digits in person.hashes if not person.emails]
    if not found:
        raise Refusal(Exit.USAGE, f"{text!r} identifies nobody")
    return found


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────


def _texts(raw: sqlite3.Connection, tenant: str, person: int) -> list[str]:
    """The keys by which statements name a person."""
    found = dossier(raw, tenant, person)
    kinds = {EMAIL: "mbox", ACCOUNT: "account", SHA1: SHA1, "openid": "openid"}
    held = [each for part in (found.parts if found else ()) for each in part.held]
    return [f"{kinds[namespace]}:{value}" for namespace, value, _, _ in held if namespace in kinds]


def _note(found: Dossier | None, waiting: int) -> str:
    if found is None or not waiting:
        return "no delivery of theirs is open"
    address = found.known.email or "nobody: no address may be used"
    n = number_of(waiting, "open deliveries")
    return f"{n} about them; those to the learner go to {address}, or to what is linked"


def _changed(what: str, before: str, after: str, note: str, dry_run: bool) -> ChangedRow:
    return ChangedRow(what=what, before=before, after=after, done=not dry_run, dry_run=dry_run, note=note)


def _user(source: str, user: str) -> str:
    return f"{source}/{user}" if source != OPERATOR else user


def row_of(tenant: str, found: Dossier) -> PersonRow:
    known = found.known
    return PersonRow(
        tenant=tenant,
        person=known.person,
        anchor=known.anchor,
        name=known.name,
        email=known.email,
        withheld=known.withheld,
        locale=known.locale,
        timezone=known.timezone,
        org_unit=known.org_unit,
        known_us=found.known_us,
        contacts={target: address for target, address, _ in found.contacts},
        personas=tuple(
            PersonaView(
                source=part.source,
                user=part.user,
                name=part.name,
                state="gone" if part.gone else "active" if part.inactive_us is None else "inactive",
                known_us=part.known_us,
                how=Confidence(part.how).name.lower(),
                why=part.why,
                identifiers=tuple(
                    IdentifierView(namespace=namespace, value=value, from_us=from_us, until_us=until_us)
                    for namespace, value, from_us, until_us in part.held
                    if namespace != SHA1
                ),
            )
            for part in found.parts
        ),
    )
