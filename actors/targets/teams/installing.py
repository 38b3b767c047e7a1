"""The Teams app has to be installed for a learner before Teams lets it notify them. It is installed by us.

That happens once, when the learner is first found: the ledger remembers whoever was found, and forgets them when Teams
says that they or the app are gone, so it costs its calls once. Asking and installing may both be repeated: who has the
app has it (409). Whoever took it away since is found by the refusal of the notification (403), and it is installed
again, at most once for each attempt.
"""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import msgspec

from actors.domain.flow import Flow, Request
from actors.targets.teams.marks import Trail
from actors.targets.teams.settings import TeamsSettings
from actors.targets.teams.wire import Answered, Failure, Harmless, Purpose, harmless

BUCKET = "installs"
NOT_YET = (
    "the learner has the Teams app: either Teams does not know it everywhere yet, or the app registration lacks "
    "TeamsActivity.Send"
)
"""Why a notification is refused to somebody who has the app."""

Call = Callable[[Request, Purpose, Trail], Flow[Answered | Failure]]
"""One request in the app's name."""


class Installed(msgspec.Struct, frozen=True):
    """The learner has the app. ``anew``: they had it not before."""

    anew: bool


class Installer:
    """Installs one app, known by the organisation's catalogue, for one learner after the other."""

    def __init__(self, settings: TeamsSettings, call: Call) -> None:
        self._settings = settings
        self._call = call

    @property
    def able(self) -> bool:
        """Whether we know which app it is."""
        return bool(self._settings.catalog_app_id)

    def ensure(self, user: str, trail: Trail) -> Flow[Installed | Harmless]:
        """See whether the learner has the app, and install it where not."""
        here = f"users/{quote(user, safe='')}/teamwork/installedApps"
        query = {"$expand": "teamsApp", "$filter": f"teamsApp/id eq '{self._settings.catalog_app_id}'"}
        there = yield from self._call(self._get(f"{here}?{urlencode(query, quote_via=quote)}"), Purpose.INSTALL, trail)
        if not isinstance(there, Answered):
            return harmless(there)
        if there.objects():
            return Installed(anew=False)
        return (yield from self._install(here, trail))

    def _install(self, here: str, trail: Trail) -> Flow[Installed | Harmless]:
        app = f"{self._settings.resource}/v1.0/appCatalogs/teamsApps/{self._settings.catalog_app_id}"
        request = Request(
            method="POST",
            url=self._settings.graph + here,
            operation="installedApps.post",
            headers={"accept": "application/json", "content-type": "application/json; charset=utf-8"},
            body=msgspec.json.encode({"teamsApp@odata.bind": app}),
            draws=(BUCKET,),
        )
        answer = yield from self._call(request, Purpose.INSTALL, trail)
        return Installed(anew=answer.status != 409) if isinstance(answer, Answered) else harmless(answer)

    def _get(self, path: str) -> Request:
        return Request(
            method="GET",
            url=self._settings.graph + path,
            operation="installedApps.list",
            headers={"accept": "application/json"},
            draws=(BUCKET,),
        )
