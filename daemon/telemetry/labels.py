"""The labels that metrics share, each with its bound."""

from http import HTTPStatus

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from config.recall import CACHES
from daemon.telemetry.definitions import Label

TENANTS_MAX = 1_000
PLACES_MAX = 2_000
"""Lanes, sources, connections and routes of all tenants together."""

TENANT = Label("tenant", values_max=TENANTS_MAX, text="a tenant")
LANE = Label("lane", values_max=PLACES_MAX, text="TENANT/TARGET")
SOURCE = Label("source", values_max=PLACES_MAX, text="TENANT/SOURCE")
SOURCE_NAME = Label("source", values_max=PLACES_MAX, text="the name of a source, of that tenant")
ROUTE = Label("route", values_max=PLACES_MAX, text="TENANT/ROUTE")
CONNECTION = Label("connection", values_max=PLACES_MAX, text="TENANT/TARGET, or TENANT/SOURCE")
SPEAKER = Label("speaker", values_max=50, text="whose token it is: an app's, a bot's, a person's")
ACTOR = Label("actor", values_max=PLACES_MAX, text="the path of an actor")
BUCKET = Label("bucket", values_max=100, text="what a vendor limits; of a kind that has many, the tightest")
OPERATION = Label("operation", values_max=300, text="a vendor's method, as its documentation calls it")
RULE = Label("rule", values_max=200, text="the rule that a record fails first")
REASON = Label("reason", values_max=50, text="why")
CHANGE = Label("kind", values_max=50, text="a kind of change")
CACHE = Label("cache", values=tuple(CACHES), text="what is remembered there")
RESULT = Label("result", values=("hit", "miss", "stale"), text="there, not there, or there and too old")
WHAT = Label("what", values_max=50, text="what is counted")
TIDING = Label("tiding", values_max=50, text="what a vendor told")
STATE = Label("state", values=tuple(state.value for state in State), text="a state of a delivery")
VERDICT = Label("verdict", values_max=20, text="what a vendor's answer comes to")
CAUSE = Label("cause", values=(*(cause.value for cause in Cause), "unstated"), text="why it ended")
HOW = Label("how", values_max=20, text="how a reading ended")
SOURCE_STATE = Label("state", values_max=20, text="a state of a source")
PART = Label("part", values=("used", "free", "log"), text="of the database")
SIGNAL = Label("signal", values=("traces", "metrics", "logs"), text="what is exported")
METRIC = Label("metric", values_max=300, text="the name of a metric")
VERSION = Label("version", values_max=1, text="of lmsyncd")

METHOD = Label(
    "http.request.method",
    values=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "_OTHER"),
    text="of a request",
)
STATUS = Label(
    "http.response.status_code", values=("", *(str(status.value) for status in HTTPStatus)), text="empty: no answer"
)
ERROR = Label(
    "error.type",
    values=("", "not_sent", "lost", "refused", *(str(status.value) for status in HTTPStatus if status >= 400)),
    text="empty: none; a status from 400 on, `not_sent`, `lost` (no answer), `refused` (in an answer of status 200)",
)
SERVER = Label("server.address", values_max=200, text="a vendor's host")
HTTP_ROUTE = Label("http.route", values_max=100, text="one of the gateway's addresses, generalised")
CPU_MODE = Label("cpu.mode", values=("user", "system"), text="of processor time")
