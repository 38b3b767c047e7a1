"""A OneRoster REST service of a school, in memory, in both versions.

It answers below ``/oneroster/``: tokens at ``/oneroster/token`` for the client ``sandbox`` with the secret ``sandbox``,
an assertion (whose signature nobody looks at) or any certificate;
1.2 below ``/oneroster/ims/oneroster/{rostering,gradebook}/v1p2/``, 1.1 below ``/oneroster/ims/oneroster/v1p1/``; and a
zip with CSV files at ``/oneroster/export.zip``, for the user ``sandbox`` with the password ``sandbox``. Faults
(``Fault.operation`` is the name of the collection, ``token`` or ``export``) as in ``ports.striking``; ``error``: an
answer with ``imsx_StatusInfo`` whose minor code is ``value``. While set, whatever ``times`` says:

    silent_total       pages say neither how many there are nor where they go on
    no_filter          a filter is answered 400
    no_sort            a sort is answered 400
    own_pages          pages go on by a Link of the service's own making
    hurried_tokens     tokens end after a second
"""

import base64
import hashlib
import json
import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from actors.domain.flow import Request, Response
from actors.domain.oauth import claims_in
from actors.domain.school import School
from actors.ports import Effect
from actors.ports.striking import Striking, Struck
from actors.sources.oneroster.fake.bundles import bundle_of, zipped
from actors.sources.oneroster.fake.told import Row, rows

MOUNT = "/oneroster/"
BASIC = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
ROOT = MOUNT + "ims/oneroster/"
LIMIT, LIMIT_MAX = 100, 1_000
TOKEN_S = 3_600
SWITCHES = frozenset({"silent_total", "no_filter", "no_sort", "own_pages", "hurried_tokens"})
ROSTER = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
GRADEBOOK = ("lineItems", "results")
SINGULAR = {"lineItems": "lineItem", "classes": "class", "users": "user"}
_PATH = re.compile(r"(rostering/v1p2|gradebook/v1p2|v1p1)/([A-Za-z]+)(?:/([^/]+))?")
_CONDITION = re.compile(r"dateLastModified(>=|>|<=|<)'([^']+)'")
_REFERENCES = {
    "courseSourcedId": "course", "schoolSourcedId": "school", "classSourcedId": "class", "userSourcedId": "user",
    "lineItemSourcedId": "lineItem", "studentSourcedId": "student", "orgSourcedId": "org",
}  # fmt: skip


class FakeOneRoster(Struck):
    """One service with one client."""

    mounts: tuple[str, ...] = (MOUNT,)

    def __init__(self, school: School) -> None:
        self.limited = True
        self.journal: list[Effect] = []
        self._school = school
        self._tokens: dict[str, float] = {}
        self._scopes: dict[str, str] = {}
        refused = _status_info(401, "unauthorisedrequest", "who is that?")
        self._striking = Striking(
            self._regular, _name, frozenset(), refused, SWITCHES, lambda v: _status_info(400, v, "")
        )

    # ── the regular way ──────────────────────────────────────────────────────────────────────────

    def _regular(self, request: Request, now_s: float) -> Response:
        parts = urlsplit(request.url)
        if parts.path == MOUNT + "token":
            return self._token(request, now_s)
        if parts.path == MOUNT + "export.zip":
            return self._export(request)
        place = _PATH.fullmatch(parts.path.removeprefix(ROOT))
        if place is None or request.method != "GET":
            return _status_info(404, "unknownobject", "there is no such collection")
        service, collection, single = place.groups()
        served = {"rostering/v1p2": ROSTER, "gradebook/v1p2": GRADEBOOK, "v1p1": ROSTER + GRADEBOOK}[service]
        if collection not in served:
            return _status_info(404, "unknownobject", "there is no such collection")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) <= now_s:
            return _status_info(401, "unauthorisedrequest", "the token is not known, or has ended")
        needed = "gradebook.readonly" if collection in GRADEBOOK else "roster-core.readonly"
        if needed not in self._scopes[token]:
            return _status_info(403, "forbidden", f"the token has no scope {needed}")
        if single is not None:
            found = [row for row in rows(self._school, collection) if row["sourcedId"] == single]
            if not found:
                return _status_info(404, "unknownobject", "there is no such object")
            return _json({SINGULAR.get(collection, collection[:-1]): dressed(collection, found[0], service)})
        return self._listing(request, collection, service)

    def _export(self, request: Request) -> Response:
        if request.headers.get("authorization", "") != BASIC:
            return Response(status=401, headers={"www-authenticate": "Basic"})
        body = zipped(bundle_of(self._school))
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status=304, headers={"etag": tag})
        return Response(status=200, headers={"content-type": "application/zip", "etag": tag}, body=body)

    def _token(self, request: Request, now_s: float) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii", "replace")).items()}
        if not _known(request, form, now_s):
            return _json({"error": "invalid_client"}, 401)
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        scopes = form.get("scope", "").split()
        if not scopes or not all(scope.startswith("https://purl.imsglobal.org/spec/or/v1p") for scope in scopes):
            return _json({"error": "invalid_scope"}, 400)
        token = f"token-{len(self._tokens)}"
        life_s = 1 if self._striking.switched("hurried_tokens") else TOKEN_S
        self._tokens[token] = now_s + life_s
        self._scopes[token] = " ".join(scopes)
        return _json({"access_token": token, "token_type": "bearer", "expires_in": life_s, "scope": " ".join(scopes)})

    def _listing(self, request: Request, collection: str, service: str) -> Response:
        parts = urlsplit(request.url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if "filter" in query and self._striking.switched("no_filter"):
            return _status_info(400, "invalid_filter_field", "no filters here")
        if "sort" in query and self._striking.switched("no_sort"):
            return _status_info(400, "invalid_sort_field", "no sorting here")
        found = [row for row in rows(self._school, collection) if _matches(row, query.get("filter", ""))]
        if "sort" in query:
            found.sort(key=lambda row: row.get(query["sort"], ""))
        limit = max(1, min(int(query.get("limit", LIMIT)), LIMIT_MAX))
        start = int(query.get("after" if "after" in query else "offset", "0"))
        page = found[start : start + limit]
        headers = {}
        if not self._striking.switched("silent_total"):
            headers["x-total-count"] = str(len(found))
            if start + limit < len(found):
                own = self._striking.switched("own_pages")
                onward = {key: value for key, value in query.items() if key not in ("offset", "after")}
                onward["after" if own else "offset"] = str(start + limit)
                headers["link"] = f'<{parts.path}?{urlencode(onward, quote_via=quote)}>; rel="next"'
                if own:
                    del headers["x-total-count"]
        return _json({collection: [dressed(collection, row, service) for row in page]}, headers=headers)


def dressed(collection: str, row: Row, service: str) -> dict[str, object]:
    """As the service says it: references are objects, numbers and truths are what they are."""
    told: dict[str, object] = {}
    for name, cell in row.items():
        if name in _REFERENCES:
            told[_REFERENCES[name]] = {"sourcedId": cell, "type": _REFERENCES[name]}
        elif name == "termSourcedIds":
            told["terms"] = [{"sourcedId": each, "type": "term"} for each in cell.split(",")]
        elif name == "orgSourcedIds" and service == "v1p1":
            told["orgs"] = [{"sourcedId": cell, "type": "org"}]
        elif name == "orgSourcedIds":
            told["primaryOrg"] = {"sourcedId": cell, "type": "org"}
        elif name == "role" and collection == "users" and service != "v1p1":
            told["roles"] = [{"roleType": "primary", "role": cell, "org": {"sourcedId": row["orgSourcedIds"]}}]
        elif name in ("score", "resultValueMin", "resultValueMax") and cell:
            told[name] = float(cell)
        elif cell in ("true", "false") and service != "v1p1":
            told[name] = cell == "true"
        elif cell:
            told[name] = cell
    return told


def _matches(row: Row, condition: str) -> bool:
    when = row["dateLastModified"]
    for word, bound in _CONDITION.findall(condition):
        wanted = bound if "." in bound else bound.replace("Z", ".000Z")
        if not {">=": when >= wanted, ">": when > wanted, "<=": when <= wanted, "<": when < wanted}[word]:
            return False
    return True


def _known(request: Request, form: dict[str, str], now_s: float) -> bool:
    """By the secret, in the header or in the form; by an assertion of this time; or by a certificate."""
    if request.headers.get("authorization", "") == BASIC:
        return True
    if form.get("client_id") != "sandbox":
        return False
    claims = claims_in(form.get("client_assertion", ""))
    at_s, ends_s = claims.get("iat"), claims.get("exp")
    dated = isinstance(at_s, int) and isinstance(ends_s, int) and at_s <= now_s + 60 and now_s <= ends_s
    asserted = dated and claims.get("sub") == "sandbox"
    return form.get("client_secret") == "sandbox" or asserted or request.identity is not None


def _name(request: Request) -> str:
    path = urlsplit(request.url).path
    place = _PATH.fullmatch(path.removeprefix(ROOT))
    return place[2] if place is not None else "export" if path.endswith(".zip") else "token"


def _json(said: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(said).encode()
    return Response(status=status, headers={"content-type": "application/json", **(headers or {})}, body=body)


def _status_info(status: int, minor: str, description: str) -> Response:
    said = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": description,
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}]
        },
    }
    return _json(said, status)
