"""Which web pages' scripts may use the LRS (CORS): players and dashboards run in browsers, on other origins.

No cookies are involved, so a foreign origin gains nothing by itself: a script needs a credential in its hands. The
headers stand on every answer, errors included, for a script cannot read an answer without them. A preflight has no
credential; what it learns is which origins a tenant restricts itself to, if it does.
"""

from collections.abc import Collection

ANY = "*"
METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
REQUESTED = ", ".join(
    (
        "Accept",
        "Accept-Language",
        "Authorization",
        "Content-Language",
        "Content-Type",
        "If-Match",
        "If-None-Match",
        "X-Correlation-ID",
        "X-Experience-API-Hash",
        "X-Experience-API-Version",
        "X-Requested-With",
        "traceparent",
        "tracestate",
    )
)
ANSWERED = ", ".join(
    (
        "Content-Length",
        "Content-Type",
        "ETag",
        "Last-Modified",
        "Retry-After",
        "WWW-Authenticate",
        "X-Correlation-ID",
        "X-Experience-API-Consistent-Through",
        "X-Experience-API-Version",
        "traceparent",
    )
)
REMEMBERED_S = 7200


def cors_headers(allowed: Collection[str], origin: str | None, *, preflight: bool) -> dict[str, str]:
    """For an answer to a page of this ``origin`` (None: no script asks). ``allowed``: origins, or ``*``; nothing:
    no page may. ``preflight``: the request asks what it may ask."""
    if not allowed:
        return {}
    if ANY in allowed:
        headers = {"Access-Control-Allow-Origin": ANY}
    else:
        headers = {"Vary": "Origin"}  # a cache must not give one page another page's answer
        if origin is None or origin.lower() not in allowed:
            return headers
        headers["Access-Control-Allow-Origin"] = origin
    if origin is None:
        return headers
    headers["Access-Control-Expose-Headers"] = ANSWERED
    if preflight:
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = REQUESTED
        headers["Access-Control-Max-Age"] = str(REMEMBERED_S)
    return headers
