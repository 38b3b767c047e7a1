"""What identity providers tell becomes a person: by the table that ships, by an operator's, and through the ledger."""

import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence

import pytest
from checkout import TOP, written
from people_ledger import ledger, teach

from actors.domain.acquaintance import Known
from actors.domain.canonical import User
from config.identity import Identity
from config.model import MappingFile, PersonRow, Tenant
from config.sso import Sso, SsoRoles
from daemon.control.ask import Role
from daemon.control.roles import granted
from daemon.gateway.sso.claims import Form, SignedIn, frame_of, keys_of, person_of, understood
from daemon.gateway.sso.tables import examine, in_force
from daemon.store import acquaintance

NOW_US = 2_000
WS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MS = "http://schemas.microsoft.com/identity/claims"
ISSUER = "https://idp.example.edu"
WHO: dict[str, tuple[Form, Mapping[str, object], tuple[str, str, dict[str, str]]]] = {
    "Entra, SAML": (
        "saml",
        {
            f"{WS}/emailaddress": ["Ada@Example.edu"],
            f"{WS}/name": ["ada@example.onmicrosoft.com"],
            f"{WS}/givenname": ["Ada"],
            f"{WS}/surname": ["Lovelace"],
            f"{MS}/displayname": ["Ada King"],
            f"{MS}/objectidentifier": ["72f9"],
        },
        ("ada@example.edu", "Ada King", {"upn": "ada@example.onmicrosoft.com", "object": "72f9"}),
    ),
    "ADFS": (
        "saml",
        {f"{WS}/emailaddress": ["ada@example.edu"], f"{WS}/upn": ["ada@corp"], f"{WS}/givenname": ["Ada"]},
        ("ada@example.edu", "Ada", {"upn": "ada@corp"}),
    ),
    "Shibboleth": (
        "saml",
        {
            "urn:oid:0.9.2342.19200300.100.1.3": ["ada@example.edu", "ada@alumni.example.edu"],
            "urn:oid:2.16.840.1.113730.3.1.241": ["Ada  Lovelace"],
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.6": ["ada@example.edu"],
            "urn:oid:0.9.2342.19200300.100.1.1": ["ada"],
            "urn:oasis:names:tc:SAML:attribute:pairwise-id": ["X1@example.edu"],
        },
        (
            "ada@example.edu",
            "Ada Lovelace",
            {"username": "ada", "eppn": "ada@example.edu", "pairwise": "X1@example.edu"},
        ),
    ),
    "Keycloak, SAML": (
        "saml",
        {
            "urn:oid:1.2.840.113549.1.9.1": ["ada@example.edu"],
            "urn:oid:2.5.4.42": ["Ada"],
            "urn:oid:2.5.4.4": ["Lovelace"],
        },
        ("ada@example.edu", "Ada Lovelace", {}),
    ),
    "Google, SAML": (
        "saml",
        {"email": ["ada@example.edu"], "firstName": ["Ada"], "lastName": ["Lovelace"]},
        ("ada@example.edu", "Ada Lovelace", {}),
    ),
    "nothing": ("saml", {}, ("", "", {})),
    "Google, OIDC": (
        "oidc",
        {"email": "ada@example.edu", "email_verified": True, "name": "Ada Lovelace", "hd": "example.edu"},
        ("ada@example.edu", "Ada Lovelace", {}),
    ),
    "Keycloak, OIDC": (
        "oidc",
        {"email": "ada@example.edu", "preferred_username": "ada", "given_name": "Ada", "family_name": "Lovelace"},
        ("ada@example.edu", "Ada Lovelace", {"username": "ada"}),
    ),
    "an address that may be anybody's": (
        "oidc",
        {"email": "ada@example.edu", "email_verified": False, "name": "Ada"},
        ("", "Ada", {}),
    ),
    "an address that may be anybody's, in words": (
        "oidc",
        {"email": "ada@example.edu", "email_verified": "false"},
        ("", "", {}),
    ),
}


def tenant(**more: object) -> Tenant:
    words: dict[str, object] = {"name": "acme", "timezone": "UTC", "locale": "en", "sso": Sso()}
    return Tenant(**{**words, **more})  # type: ignore[arg-type]


def person(form: Form, claims: Mapping[str, object], of: Tenant, roles: SsoRoles | None = None) -> SignedIn:
    found = understood(
        "S1",
        ISSUER,
        claims,
        form=form,
        mapped=in_force(of),
        roles=roles or SsoRoles(),
        frame=frame_of(of, form, ISSUER, NOW_US),
    )
    assert isinstance(found, SignedIn), found
    return found


@pytest.mark.parametrize("provider", WHO)
def test_common_providers_are_understood(provider: str) -> None:
    form, claims, told = WHO[provider]
    found = person(form, claims, tenant())
    assert (found.email, found.name, dict(found.identifiers)) == told
    assert (found.subject, found.issuer) == ("S1", ISSUER)


def test_claims_that_do_not_fit_are_told_with_their_place() -> None:
    of = tenant()
    found = understood(
        "S1",
        ISSUER,
        {"email": ["no address"]},
        form="saml",
        mapped=in_force(of),
        roles=SsoRoles(),
        frame=frame_of(of, "saml", ISSUER, NOW_US),
    )
    assert isinstance(found, tuple)
    assert [flaw.rule for flaw in found] == ["email"]


def test_an_operators_table_says_it_otherwise() -> None:
    tree: dict[str, object] = {
        "version": 100,
        "note": "Our own.",
        "extends": 1,
        "user": {
            "saml": {
                "email": {"path": "schoolMail", "as": ["first", "email"]},
                "identifiers.account": {"format": "https://moodle.example.edu|{identifiers.username}"},
            }
        },
    }
    assert not examine("sso", {100: tree}).findings[100]
    of = tenant(sso_tables={100: MappingFile(file=__file__, tree=tree)})  # type: ignore[arg-type]
    found = person("saml", {"schoolMail": ["ada@school.example"], "uid": ["ada"], "email": ["x@y.example"]}, of)
    assert (found.email, found.identifiers["account"]) == ("ada@school.example", "https://moodle.example.edu|ada")
    assert keys_of(found, Identity().link) == ("account:https://moodle.example.edu|ada", "mbox:ada@school.example")
    older = tenant(sso=Sso(mapping=1), sso_tables=of.sso_tables)
    assert person("saml", {"email": ["x@y.example"]}, older).email == "x@y.example"


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["staff", "lms-ops"]}, Role.OPERATOR),
        ({"groups": "lms-admins"}, Role.ADMIN),
        ({"groups": ["lms-ops", "lms-admins"]}, Role.ADMIN),
        ({"realm_access": {"roles": ["lms-look"]}}, Role.VIEWER),
        ({"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": ["lms-decide"]}, Role.APPROVER),
        ({"groups": ["LMS-ADMINS", "lms-admins ", 7, None, {"lms-admins": 1}]}, Role.NOBODY),
        ({"title": ["lms-admins"]}, Role.NOBODY),
        ({"groups": {"lms-admins": True}}, Role.NOBODY),
        ({"realm_access": "lms-admins"}, Role.NOBODY),
        ({}, Role.NOBODY),
    ],
)
def test_roles_come_from_the_claims_that_are_named_for_them(claims: dict[str, object], role: Role) -> None:
    roles = SsoRoles(viewers=("lms-look",), operators=("lms-ops",), approvers=("lms-decide",), admins=("lms-admins",))
    found = person("oidc", claims, tenant(), roles)
    assert granted(roles, lambda name: name in found.roles).role is role
    assert found.roles_told is bool(claims.keys() - {"title"} and claims != {"realm_access": "lms-admins"})


# ── who is meant ─────────────────────────────────────────────────────────────────────────────────────


class Ledger:
    """``Persons``, as far as it is asked here."""

    def __init__(self, *users: User) -> None:
        self.raw = ledger()
        teach(self.raw, "campus", *users)

    async def known(self, tenant_name: str, asked: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Known]:
        return acquaintance.known(self.raw, tenant_name, asked)


ADA = User(id="7", email="ada@example.edu", identifiers={"upn": "ada@corp", "username": "ada", "sis": "S7"})
EVE = User(id="8", email="eve@example.edu", identifiers={"upn": "eve@corp"})


async def met(claims: Mapping[str, object], of: Tenant, *users: User) -> SignedIn:
    persons: object = Ledger(*users)
    found = await person_of(of, "S1", ISSUER, claims, form="oidc", persons=persons, now_us=NOW_US)  # type: ignore[arg-type]
    assert isinstance(found, SignedIn)
    return found


async def test_an_address_that_a_source_tells_of_means_that_person() -> None:
    found = await met({"email": "ADA@example.edu"}, tenant(), ADA, EVE)
    assert (found.person, found.unmatched) == ("mbox:ada@example.edu", "")
    assert found.person != (await met({"email": "eve@example.edu"}, tenant(), ADA, EVE)).person


async def test_another_identifier_means_them_too() -> None:
    assert (await met({"upn": "Ada@Corp"}, tenant(), ADA, EVE)).person == "mbox:ada@example.edu"


async def test_a_user_name_means_nobody_unless_the_tenant_says_that_it_does() -> None:
    assert not (await met({"preferred_username": "ada"}, tenant(), ADA)).person
    trusting = tenant(identity=Identity(link=("username",)))
    assert (await met({"preferred_username": "Ada"}, trusting, ADA)).person == "mbox:ada@example.edu"


async def test_identifiers_of_two_people_mean_nobody_and_that_is_said() -> None:
    found = await met({"email": "eve@example.edu", "upn": "ada@corp"}, tenant(), ADA, EVE)
    assert not found.person
    assert found.unmatched == "these are those of different people: upn ada@corp, the address eve@example.edu"


async def test_an_address_that_two_have_means_nobody() -> None:
    twin = User(id="9", email="ada@example.edu")
    found = await met({"email": "ada@example.edu"}, tenant(), ADA, twin)
    assert not found.person
    assert found.unmatched


async def test_nobody_is_meant_and_it_is_said_why() -> None:
    found = await met({"email": "new@example.edu"}, tenant(), ADA)
    assert (found.person, found.email) == ("", "new@example.edu")
    assert found.unmatched == "no source and no people file tells of anybody with the address new@example.edu"
    found = await met({"email": "ada@example.edu", "email_verified": False}, tenant(), ADA)
    assert found.unmatched == "the identity provider tells neither an address nor an account that people are known by"


async def test_the_people_file_knows_those_whom_no_source_does() -> None:
    row = PersonRow(home_page="https://moodle.example.edu", account="bob", email="Bob@example.edu")
    found = await met({"email": "bob@example.edu"}, tenant(people=(row,)), ADA)
    assert found.person == "mbox:bob@example.edu"


async def test_an_address_and_an_account_of_one_person_agree_whoever_tells_of_them() -> None:
    row = PersonRow(home_page="https://campus", account="7", email="ada.private@example.org")
    found = await met({"email": "ada.private@example.org", "upn": "ada@corp"}, tenant(people=(row,)), ADA)
    assert found.person == "mbox:ada@example.edu"


def test_the_table_on_the_page_is_right() -> None:
    page = written(TOP / "docs" / "sign-on-saml.md")
    blocks = [tomllib.loads(textwrap.dedent(block)) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    [table] = [block for block in blocks if "version" in block]
    assert not examine("sso", {table["version"]: table}).findings[table["version"]]
