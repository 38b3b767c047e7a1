"""Rows of ``control.chronicled``, each with words that people must find in it when it is shown."""

from daemon.control import views as v

AT = 1_800_000_000_000_000
OUT = "the vendor is out: HTTP 503"

CHRONICLE: list[tuple[v.View, tuple[str, ...]]] = [
    (
        v.EventRow(no=7, at_us=AT, what="outage", tenant="acme", subject="acme/slack", words=OUT),
        ("2027-01-15", "outage", "acme/slack", "HTTP 503"),
    ),
    (v.EventRow(no=8, at_us=AT, what="deploy", tenant="", subject="", words="version 2"), ("deploy", "version 2")),
    (
        v.AlarmRow(
            no=3,
            about="dead_letters",
            severity="warning",
            tenant="acme",
            subject="acme/slack",
            words="2 deliveries wait for a person",
            command="lmsyncctl dlq list --lane acme/slack",
            since_us=AT,
            told=2,
            told_us=AT,
        ),
        ("dead letters", "acme/slack", "2 deliveries", "lmsyncctl dlq list"),
    ),
    (
        v.AlarmRow(
            no=0,
            about="disk",
            severity="critical",
            tenant="",
            subject="",
            words="full",
            command="lmsyncctl retention show",
            since_us=AT,
            told=0,
        ),
        ("not yet", "the daemon"),
    ),
    (
        v.AlertRow(lane="acme/slack", place="C0ALERTS01", about=(), daemon=True, repeat="1d"),
        ("acme/slack", "C0ALERTS01", "everything and the daemon"),
    ),
    (
        v.AlertRow(lane="acme/teams", place="", about=("late",), daemon=False, repeat="1d", problem="no such channel"),
        ("late", "no such channel"),
    ),
]
