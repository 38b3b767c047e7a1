"""The accounts that a campus has at the fakes of vendors and sources: settings and secrets."""

from toy_source import CALLING, TOKEN

SECRETS = {
    "slack": "xoxb-sandbox",
    "entra": "sandbox",
    "teams": "sandbox-user",
    "lrs": "sandbox",
    "webhook": "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gt",
    "workflow": "http://sandbox.test/workflow/flows/7?sig=sandbox",
    "toy": TOKEN,
    "toy-calling": CALLING,
    "moodle": "moodle-sandbox",
    "source-secret": "sandbox",
}
SOURCES: dict[str, dict[str, object]] = {
    "toy": {
        "base_url": "http://sandbox.test/toy",
        "token": {"env": "toy"},
        "calling": {"env": "toy-calling"},
    },
    "moodle": {"base_url": "http://sandbox.test/moodle", "token": {"env": "moodle"}},
}
"""What a source of a kind is given, where a test says no more."""
SETTINGS: dict[str, dict[str, object]] = {
    "slack": {
        "api_url": "http://sandbox.test/slack/api/",
        "token": {"env": "slack"},
        "course_channels": {"CS101": "C0COURSE101"},
    },
    "teams": {
        "graph_url": "http://sandbox.test/graph/v1.0/",
        "login_url": "http://sandbox.test/entra/",
        "directory": "72f988bf-0000-4000-8000-0000000000aa",
        "client_id": "sandbox",
        "client_secret": {"env": "entra"},
        "delegated_token": {"env": "teams"},
        "teams_app_id": "5b1d0000-0000-4000-8000-0000000000bb",
    },
    "lrs": {"endpoint": "http://sandbox.test/lrs/xapi/", "key": "sandbox", "secret": {"env": "lrs"}},
    "webhook": {
        "url": "http://sandbox.test/webhook/school",
        "secret": {"env": "webhook"},
        "allow_insecure": True,
    },
    "teams_workflow": {"url": {"env": "workflow"}, "allow_insecure": True},
}
