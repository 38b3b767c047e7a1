"""Entra as it is found: which address is which of its operations, and who answers it."""

from actors.domain.flow import Request, Response
from actors.targets.teams.fake.door import Doors
from actors.targets.teams.fake.entra import Entra
from actors.targets.teams.fake.replies import Letterhead
from actors.targets.teams.fake.signing import keys

ENTRA_MOUNT = "/entra/"
PATHS = {
    ("POST", "oauth2/v2.0/token"): "token",
    ("GET", ".well-known/openid-configuration"): "openid-configuration",
    ("GET", "oauth2/v2.0/authorize"): "authorize",
    ("POST", "oauth2/v2.0/authorize"): "authorize",
    ("GET", "adminconsent"): "adminconsent",
    ("POST", "adminconsent"): "adminconsent",
    ("GET", "discovery/v2.0/keys"): "keys",
}


def asked_of(request: Request) -> tuple[str, str]:
    """The operation ("" for none) and the directory."""
    directory, _, path = request.url.removeprefix(ENTRA_MOUNT).partition("?")[0].partition("/")
    return PATHS.get((request.method, path.removeprefix("v2.0/")), ""), directory


class Desk:
    """Answers by operation. Raises EntraRefusal."""

    def __init__(self, entra: Entra, doors: Doors, letters: Letterhead) -> None:
        self._entra = entra
        self._doors = doors
        self._letters = letters

    def answer(self, operation: str, directory: str, request: Request, now_s: float) -> Response:
        match operation:
            case "authorize":
                return self._doors.authorize(directory, request, now_s)
            case "adminconsent":
                return self._doors.admin_consent(directory, request, now_s)
            case "keys":
                fields = keys(self._entra.terms.signing_key)
            case "token":
                fields = self._entra.token(directory, request, now_s)
            case _:
                origin = f"https://{request.headers.get('host', 'login.microsoftonline.com')}"
                fields = self._entra.configuration(directory, origin)
        return self._letters.json(request, now_s, 200, fields, **{"cache-control": "no-store"})
