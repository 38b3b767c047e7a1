"""Answers in the shapes Microsoft documents: Graph's errors, Entra's errors, and pages of whatever stands before."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from actors.domain.flow import Request, Response
from actors.ports import Answer

Fields = dict[str, object]

IDS = uuid.UUID("7b0f5f0e-2a52-5c4e-8b56-0d7b53a5ab10")
STATUS_OF = {
    "invalidauthenticationtoken": 401,
    "unauthorized": 401,
    "forbidden": 403,
    "authorization_requestdenied": 403,
    "accessdenied": 403,
    "insufficient_claims": 403,
    "notfound": 404,
    "request_resourcenotfound": 404,
    "conflict": 409,
    "requestentitytoolarge": 413,
    "toomanyrequests": 429,
    "activitylimitreached": 429,
    "internalservererror": 500,
    "badgateway": 502,
    "serviceunavailable": 503,
    "gatewaytimeout": 504,
    "bandwidthlimitexceeded": 509,
}
AADSTS = {
    "invalid_client": 7000215,
    "unauthorized_client": 700016,
    "invalid_grant": 700082,
    "interaction_required": 50076,
    "consent_required": 65001,
    "invalid_request": 900144,
    "invalid_scope": 70011,
    "invalid_resource": 500011,
    "unsupported_grant_type": 70003,
    "temporarily_unavailable": 90033,
    "login_required": 50058,
    "access_denied": 65004,
}
TENANT_THROTTLED = 90055


class Refusal(Exception):
    """Graph says no. ``code`` is what it writes into ``error.code``; ``headers`` come along."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class EntraRefusal(Exception):
    """Entra says no. ``code`` is the number after AADSTS."""

    def __init__(self, error: str, message: str, status: int = 400, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.code = code or (TENANT_THROTTLED if status == 429 else AADSTS.get(error, 90000))


class Letterhead:
    """What each answer carries: ids of the request, and a date."""

    def __init__(self) -> None:
        self._count = 0

    def headers(self, request: Request, now_s: float, **more: str) -> dict[str, str]:
        self._count += 1
        headers = {
            "request-id": str(uuid.UUID(int=(0x5A << 120) | self._count)),
            "date": format_datetime(datetime.fromtimestamp(now_s, UTC), usegmt=True),
        }
        if "client-request-id" in request.headers:
            headers["client-request-id"] = request.headers["client-request-id"]
        return headers | more

    def json(self, request: Request, now_s: float, status: int, fields: Fields, **more: str) -> Response:
        headers = self.headers(request, now_s, **{"content-type": "application/json"}, **more)
        return Response(status=status, headers=headers, body=msgspec.json.encode(fields))

    def graph_error(self, request: Request, now_s: float, status: int, code: str, message: str, **more: str) -> Answer:
        headers = self.headers(request, now_s, **{"content-type": "application/json"}, **more)
        inner = {"date": iso(now_s)[:19], "request-id": headers["request-id"]}
        inner |= {"client-request-id": headers.get("client-request-id", headers["request-id"])}
        if status == 429:
            inner["code"] = "429"
        error = {"code": code, "message": message, "innerError": inner}
        return Answer(response=Response(status=status, headers=headers, body=msgspec.json.encode({"error": error})))

    def entra_error(self, request: Request, now_s: float, refusal: EntraRefusal, **more: str) -> Answer:
        headers = self.headers(request, now_s, **{"content-type": "application/json; charset=utf-8"}, **more)
        code = refusal.code
        trace = headers["request-id"]
        correlation, when = headers.get("client-request-id", trace), f"{iso(now_s)[:19].replace('T', ' ')}Z"
        body = {
            "error": refusal.error,
            "error_description": f"AADSTS{code}: {refusal} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {when}",
            "error_codes": [code],
            "timestamp": when,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        }
        return Answer(response=Response(status=refusal.status, headers=headers, body=msgspec.json.encode(body)))


def page(status: int) -> Answer:
    """What stands before Graph answers when Graph does not."""
    body = f"<!DOCTYPE html><html><body><h1>{status}</h1><p>The service is unavailable.</p></body></html>"
    headers: Mapping[str, str] = {"content-type": "text/html"}
    return Answer(response=Response(status=status, headers=headers, body=body.encode()))


def iso(time_s: float) -> str:
    """As Graph writes a time: milliseconds, UTC."""
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
