"""From what an identity provider tells of somebody to a person who signed in: by the same kind of mapping table as
sources have, and then to the canonical person whom the sources tell of.

``understood`` is pure. ``translated`` asks the identity ledger, whose rules (``[identity] link``) say which identifiers
may lead to a person. Whoever it does not lead to may still sign in; ``unmatched`` says why nobody is meant.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from actors.domain.acquaintance import Known
from actors.domain.canonical import User
from actors.domain.harvest import Record
from actors.domain.identity import ACCOUNT, EMAIL
from actors.domain.mapping import Flaw, Frame, Mapped
from actors.domain.people import Directory, Learner, account_key, fold_email
from actors.ports.persons import Persons
from config.model import PersonRow, Tenant
from config.sso import SsoRoles
from daemon.gateway.sso.tables import in_force
from daemon.store.identity import folded

Form = Literal["saml", "oidc"]
SUBJECT_CHARS_MAX = 512
ROLE_VALUES_MAX = 1_000
"""Values of role claims that are looked at: an IdP may tell hundreds of groups."""
ELSEWHERE = frozenset({"sub", "nameid"})
"""Identifiers whose values mean something only at who issued them: an LMS's are not those of this provider."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of whom the issuer says who they are. ``subject`` is theirs at ``issuer`` and nobody else's, for good.
    ``email`` is casefolded; empty where none is told, or it is not verified. ``roles`` are those values that
    ``[sso.roles]`` names, as the IdP tells them (``daemon.control.roles.granted`` makes a role of them);
    ``roles_told`` is False where it told nothing of roles at all: too many of them (Entra), or nobody asked it to.

    ``person`` is who is meant of those whom the LMS's sources tell of: the text by which the ledger or the people file
    knows them. Empty: nobody, and ``unmatched`` says why. ``session`` is what a SAML IdP calls its session.
    """

    subject: str
    issuer: str
    email: str = ""
    name: str = ""
    roles: frozenset[str] = frozenset()
    roles_told: bool = True
    attributes: Mapping[str, str] = {}
    identifiers: Mapping[str, str] = {}
    person: str = ""
    unmatched: str = ""
    session: str = ""


def understood(
    subject: str,
    issuer: str,
    claims: Mapping[str, object],
    *,
    form: Form,
    mapped: Mapped,
    roles: SsoRoles,
    frame: Frame,
) -> SignedIn | tuple[Flaw, ...]:
    """What the claims mean by this table, or what in them does not fit. ``claims`` are those of an ID token and of the
    userinfo, or attributes by name, each a list of texts. Whoever calls has verified them."""
    told = {name: value for name, value in claims.items() if not (name == "email" and _unverified(claims))}
    user = mapped.normalise(Record(entity="user", id=subject, form=form, body=told), frame)
    if not isinstance(user, User):
        return user if isinstance(user, tuple) else ()
    return SignedIn(
        subject=subject,
        issuer=issuer,
        email=user.email,
        name=user.display_name or f"{user.given_name} {user.family_name}".strip(),
        roles=roles_of(claims, roles),
        roles_told=any(_claim(claims, name) is not None for name in roles.claims),
        attributes=user.attributes,
        identifiers=user.identifiers,
    )


def _unverified(claims: Mapping[str, object]) -> bool:
    """Whether the provider itself says that the address may be anybody's."""
    return claims.get("email_verified") in (False, "false", "False", 0, "0")


def roles_of(claims: Mapping[str, object], roles: SsoRoles) -> frozenset[str]:
    """Those values of the role claims that give a role."""
    wanted = roles.values
    if not wanted:
        return frozenset()
    return frozenset(value for name in roles.claims for value in _values(_claim(claims, name)) if value in wanted)


def _claim(claims: Mapping[str, object], name: str) -> object:
    """The claim of that name, else what its dotted parts lead to (``realm_access.roles``)."""
    if name in claims:
        return claims[name]
    here: object = claims
    for part in name.split("."):
        if not isinstance(here, Mapping) or part not in here:
            return None
        here = here[part]
    return here


def _values(node: object) -> Iterable[str]:
    if isinstance(node, str):
        return (node,)
    if isinstance(node, Sequence):
        return [each for each in node[:ROLE_VALUES_MAX] if isinstance(each, str)]
    return ()


def frame_of(tenant: Tenant, form: Form, issuer: str, now_us: int) -> Frame:
    """Where claims stand. ``home_page`` in a table is the issuer."""
    return Frame(
        home_page=issuer,
        tenant=tenant.name,
        source=f"sso/{form}",
        timezone=tenant.timezone,
        locale=tenant.locale,
        now_us=now_us,
    )


async def person_of(
    tenant: Tenant,
    subject: str,
    issuer: str,
    claims: Mapping[str, object],
    *,
    form: Form,
    persons: Persons,
    now_us: int,
) -> SignedIn | tuple[Flaw, ...]:
    """``understood`` by the table that is in force in the tenant, then ``translated``. Raises StoreUnavailable."""
    roles = tenant.sso.roles if tenant.sso is not None else SsoRoles()
    frame = frame_of(tenant, form, issuer, now_us)
    found = understood(subject, issuer, claims, form=form, mapped=in_force(tenant), roles=roles, frame=frame)
    return await translated(found, tenant, persons, now_us) if isinstance(found, SignedIn) else found


async def translated(signed: SignedIn, tenant: Tenant, persons: Persons, now_us: int) -> SignedIn:
    """With the canonical person, or why there is none. Raises StoreUnavailable."""
    keys = keys_of(signed, tenant.identity.link)
    directory = Directory(tenant.people)
    asked = [(each, now_us) for key in keys for each in _ways(directory, key)]
    return matched(signed, keys, directory, await persons.known(tenant.name, asked), now_us)


def keys_of(signed: SignedIn, link: Iterable[str]) -> tuple[str, ...]:
    """By which learners' keys somebody may be known: those identifiers that link by the tenant's rules, the most
    trusted first. An account is ``HOMEPAGE|NAME``."""
    keys: list[str] = []
    for namespace in link:
        if namespace == EMAIL:
            keys += [f"mbox:{signed.email}"] if signed.email else []
        elif value := "" if namespace in ELSEWHERE else signed.identifiers.get(namespace, "").strip():
            if namespace == ACCOUNT:
                home, bar, name = value.rpartition("|")
                keys += [account_key(home.strip(), name.strip())] if bar and home and name else []
            else:
                keys.append(f"{namespace}:{folded(namespace, value)}")
    return tuple(keys)


def matched(
    signed: SignedIn,
    keys: Sequence[str],
    directory: Directory,
    known: Mapping[tuple[str, int], Known],
    now_us: int,
) -> SignedIn:
    """Whom those keys mean, of what ledger and people file know. Keys that mean different people mean nobody."""
    if not keys:
        return _nobody(signed, "the identity provider tells neither an address nor an account that people are known by")
    there = directory.at(known, now_us)
    found: dict[str, str] = {}
    for key in keys:
        person = next((each for way in _ways(directory, key) if (each := there.known(way)) is not None), None)
        if person is not None and not person.person:
            return _nobody(signed, f"several people have {_said(key)}")
        if person is not None:
            found.setdefault(person.anchor, key)
        elif row := _row(directory, key):
            found.setdefault(directory.enrich(Learner(key=key, email=fold_email(row.email))).identity, key)
    if not found:
        said = " or ".join(_said(key) for key in keys)
        return _nobody(signed, f"no source and no people file tells of anybody with {said}")
    if len(found) > 1:
        said = ", ".join(_said(key) for key in found.values())
        return _nobody(signed, f"these are those of different people: {said}")
    return msgspec.structs.replace(signed, person=next(iter(found)), unmatched="")


def _ways(directory: Directory, key: str) -> tuple[str, ...]:
    """The key, and those that the people file has for the same person."""
    ways = [*directory.keys(key)]
    for row in directory.rows(key):
        ways += [account_key(row.home_page, row.account)] if row.account else []
        ways += [f"mbox:{fold_email(row.email)}"] if row.email else []
    return tuple(dict.fromkeys(ways))


def _row(directory: Directory, key: str) -> PersonRow | None:
    return next(iter(directory.rows(key)), None)


def _nobody(signed: SignedIn, why: str) -> SignedIn:
    return msgspec.structs.replace(signed, person="", unmatched=why)


def _said(key: str) -> str:
    kind, _, value = key.partition(":")
    return f"{'the address' if kind == 'mbox' else kind} {value}"
