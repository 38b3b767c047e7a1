"""The words of ``[sso]``: how people sign in who connect accounts or decide, and which roles they have."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from config.oidc import Oidc, SessionWords
from config.saml import Saml
from config.texts import NonEmpty
from config.words import Words

Method = Literal["saml", "oidc"]
ROLE_CLAIMS = (
    "roles",
    "groups",
    "realm_access.roles",
    "Role",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
)
"""What common IdPs tell groups and roles by: OIDC's, Keycloak's (two), those of Entra and ADFS, isMemberOf and
eduPersonEntitlement."""
_SOME = Meta(max_length=100)


class SsoRoles(Words, frozen=True, kw_only=True):
    """Which values of the IdP's claims give which role; of several the greatest counts. Whoever has none may sign in
    and do nothing."""

    claims: Annotated[tuple[NonEmpty, ...], _SOME] = ROLE_CLAIMS
    """Claims or attributes that tell groups or roles, by their names. A dot leads into a table of a claim."""
    viewers: Annotated[tuple[NonEmpty, ...], _SOME] = ()
    """Values that let people look."""
    operators: Annotated[tuple[NonEmpty, ...], _SOME] = ()
    """Values that also let them pause, resume, replay and discard."""
    approvers: Annotated[tuple[NonEmpty, ...], _SOME] = ()
    """Values that also let them decide what waits for a decision."""
    admins: Annotated[tuple[NonEmpty, ...], _SOME] = ()
    """Values that let them do everything in this tenant."""
    connect: Literal["viewer", "operator", "approver", "admin"] = "admin"
    """The least role that may connect the tenant's accounts at vendors, and disconnect them."""

    @property
    def values(self) -> frozenset[str]:
        """All that give any role."""
        return frozenset((*self.viewers, *self.operators, *self.approvers, *self.admins))


class Sso(Words, frozen=True, kw_only=True):
    """How people sign in. Connecting an account goes through the vendor's own OAuth, after that."""

    methods: Annotated[tuple[Method, ...], Meta(max_length=2)] = ()
    """In which order sign-on is tried: the next one is for when one cannot be used (``xmlsec1`` is missing, the IdP's
    metadata cannot be read). Absent: SAML, then OIDC, whichever are configured."""
    mapping: Annotated[int, Meta(ge=1)] | None = None
    """The version of the table that attributes and claims are mapped to people by; absent: the newest. Your own are
    ``mappings/sso/vN.toml``, or ``mappings/TENANT/sso/vN.toml`` for one tenant."""
    roles: SsoRoles = SsoRoles()
    saml: Saml | None = None
    oidc: Oidc | None = None
    sessions: SessionWords = SessionWords()

    def __post_init__(self) -> None:
        configured = self.configured()
        if len(set(self.methods)) != len(self.methods):
            raise ValueError("methods: each is named once")
        if lacking := [method for method in self.methods if method not in configured]:
            raise ValueError(f"methods: there is no [sso.{lacking[0]}]")

    def configured(self) -> tuple[Method, ...]:
        """Those that have a table."""
        found: list[Method] = []
        if self.saml is not None:
            found.append("saml")
        if self.oidc is not None:
            found.append("oidc")
        return tuple(found)

    def order(self) -> tuple[Method, ...]:
        """The methods that may be used, the preferred one first."""
        return self.methods or self.configured()


class SignOn(Words, frozen=True, kw_only=True):
    """What sign-on needs of this machine. Who signs in how is said by each tenant."""

    xmlsec1: Path = Path("/usr/bin/xmlsec1")
    """The program that checks signatures of SAML (Debian: package ``xmlsec1``). Only needed where a tenant signs on by
    SAML; without it such a sign-on is answered 503."""
    saml_at_once: Annotated[int, Meta(ge=1, le=32)] = 2
    """How many answers of IdPs are checked at the same time, each in a thread of its own."""
