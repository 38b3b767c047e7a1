"""What ``lmsyncd init DIR`` writes: a configuration that works at once, against the sandbox, and says how to go on.

The sandbox's credentials are published; the one made here, for the embedded LRS, is random.
"""

import os
import secrets
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


class StarterRefused(Exception):
    """Nothing was overwritten. ``existing``: the files that are there already (empty: the directory cannot be used)."""

    def __init__(self, message: str, existing: tuple[Path, ...] = ()) -> None:
        super().__init__(message)
        self.existing = existing


def write_starter(directory: Path) -> tuple[Path, ...]:
    """The files written, in the order to read them. Raises StarterRefused."""
    root = Path(os.path.abspath(directory))
    if os.path.lexists(root) and not root.is_dir():
        raise StarterRefused(f"{root}: not a directory")
    files = {root / name: content for name, content in _files().items()}
    existing = tuple(path for path in files if os.path.lexists(path))
    if existing:
        raise StarterRefused(f"these are there already: {', '.join(map(str, existing))}", existing)
    try:
        for path, (content, mode) in files.items():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if path.parent.name == "secrets" else 0o755)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
    except FileExistsError as error:
        raise StarterRefused(f"this came into being meanwhile: {error.filename}") from None
    except OSError as error:
        raise StarterRefused(f"{error.filename}: {(error.strerror or str(error)).lower()}") from None
    return tuple(files)


def _files() -> dict[str, tuple[str, int]]:
    return {
        "lmsyncd.toml": (DAEMON, PUBLIC),
        "tenants.d/demo.toml": (TENANT, PUBLIC),
        "tenants.d/demo.people.csv": (PEOPLE, PRIVATE),
        "secrets/demo-lrs": (secrets.token_urlsafe(24) + "\n", PRIVATE),
        "secrets/demo-slack-bot": ("xoxb-sandbox\n", PRIVATE),
        "secrets/demo-entra": ("sandbox\n", PRIVATE),
        "secrets/demo-teams-user": ("sandbox-user\n", PRIVATE),
        "secrets/demo-canvas": ("canvas-sandbox\n", PRIVATE),
        "secrets/demo-moodle": ("moodle-sandbox\n", PRIVATE),
        "secrets/demo-archive": ("sandbox\n", PRIVATE),
    }


PEOPLE = """\
home_page,account,email,display_name,locale,timezone,org_unit
https://moodle.example.edu,ada,ada@example.edu,Ada Lovelace,en-GB,Europe/London,Mathematics
https://moodle.example.edu,ben,ben@example.edu,Ben Okri,,,
"""

DAEMON = """\
# lmsyncd.toml: the process. Every key is optional; what is commented out shows its default or an example.
# Tenants are in tenants.d/. Check your work: lmsyncd check --config DIR. All keys: docs/configuration.md

[gateway]                                   # where LMSs reach us
listen = ["127.0.0.1:8480"]                 # behind a reverse proxy; for the world, set tls
# proxies = ["127.0.0.1", "::1"]            # who calls is what these write into X-Forwarded-For: docs/install.md
# public_url = "https://lms-sync.example.edu"
# admin_listen = ["127.0.0.1:8481"]         # /metrics moves here
# body_bytes_max = 16777216
# header_timeout = "10s"
# body_timeout = "30s"
# [gateway.tls]
# certificate = "tls/fullchain.pem"         # relative to this file, as every path in it
# key = "tls/key.pem"
# client_ca = "tls/clients.pem"             # only clients with a certificate from here may connect

# [network]                                 # how we reach the world
# private_targets = ["10.20.0.0/16"]        # webhooks lead to the public internet only, and to what is listed here
# proxy = "http://proxy.example.edu:3128"
# no_proxy = ["localhost", ".example.edu"]
# ca_file = "tls/private-ca.pem"            # trusted beside the system's

# [store]
# path = "lmsyncd.db"                       # relative to $STATE_DIRECTORY, else to state/ beside this file

# [control]                                 # lmsyncctl, and which system groups may do what
# socket = "/run/lmsyncd/control.sock"
# viewers = []
# operators = ["lms-operators"]
# approvers = []                            # may also decide what is put before a person
# admins = []

# [vault]                                   # what seals secrets and tokens in the database: docs/secrets.md
# key = { credential = "vault-key" }        # else the systemd credential lmsyncd-vault, else a file beside the database

# [telemetry]
# otlp_endpoint = "http://127.0.0.1:4318"   # without it nothing is exported
# otlp_protocol = "http"                    # or "grpc", usually on port 4317
# otlp_headers = { Authorization = { credential = "otlp" } }
# otlp_signals = ["traces", "metrics", "logs"]
# service_name = "lmsyncd"
# sample = 1.0
# log_level = "info"
"""

TENANT = """\
# A tenant to rehearse with: Slack and Teams are the sandbox (lmsyncd sandbox --listen 127.0.0.1:8490).
# The name of the file is the name of the tenant. Copy it, point it at the real vendors, and delete this one.
#
# Secrets are never written here but referred to:
#   { credential = "NAME" }  what lmsyncctl secret set NAME put in (no restart), else a systemd credential
#                            (LoadCredentialEncrypted=NAME:…): the best ways in production
#   { file = "PATH" }        a file only the daemon's user can read
#   { env = "NAME" }         an environment variable, for development

timezone = "UTC"                            # "Europe/Berlin"
locale = "en"                               # "de-DE": how dates and numbers are written
# xapi_fallback_version = "1.0.3"           # for statements that do not say which version of xAPI they follow

[people]                                    # who is who, until a source tells
file = "demo.people.csv"

# Where events come from. "xapi" is the embedded LRS: give your LMS's xAPI plugin
#   endpoint http://127.0.0.1:8480/t/demo/xapi/   user name moodle   password: the content of ../secrets/demo-lrs
[sources.campus]
kind = "xapi"
# dedupe = true                             # a batch that is sent twice counts once
credentials = [                             # more of them at any time: lmsyncctl credential create demo/campus
  { key = "moodle", secret = { file = "../secrets/demo-lrs" }, scopes = ["statements/write"] },
]                                           # also: secret_former (until all have the new one), rate_per_s, burst

# Sources that are read, each its section in docs/sources.md. Their first whole reading is quiet: what it finds is how
# things stand. These would read the sandbox's:
# [sources.canvas]
# kind = "canvas"
# base_url = "http://127.0.0.1:8490/canvas"
# token = { file = "../secrets/demo-canvas" }
# [sources.moodle]
# kind = "moodle"
# base_url = "http://127.0.0.1:8490/moodle"
# token = { file = "../secrets/demo-moodle" }
# [sources.sis]
# kind = "oneroster"
# inbox = "/srv/lmsyncd/demo"                             # bundles are dropped here; or url, or base_url
# [sources.archive]
# kind = "lrs"
# endpoint = "http://127.0.0.1:8490/school-lrs/xapi/"
# key = "sandbox"
# secret = { file = "../secrets/demo-archive" }

# Where they go.
[targets.slack]
kind = "slack"
api_url = "http://127.0.0.1:8490/slack/api/"              # the real one: leave this line out
token = { file = "../secrets/demo-slack-bot" }            # the bot token of your Slack app, xoxb-…
# [targets.slack.course_channels]                         # for audience = { course_channel = true }
# CS101 = "C0123456789"

[targets.teams]
kind = "teams"
graph_url = "http://127.0.0.1:8490/graph/v1.0/"           # the real one: leave this line out
login_url = "http://127.0.0.1:8490/entra/"                # and this
directory = "72f988bf-0000-4000-8000-0000000000aa"        # the id of your Entra tenant
client_id = "sandbox"                                     # of your app registration
client_secret = { file = "../secrets/demo-entra" }
delegated_token = { file = "../secrets/demo-teams-user" } # for channel posts
teams_app_id = "5b1d0000-0000-4000-8000-0000000000bb"     # for activity notifications

# What is told to whom. The first rule that matches a destination wins. Words for when:
#   enrolled unenrolled role_changed suspended resumed  completed (an activity or a course) activity_completed
#   course_completed completion_undone passed failed graded submitted assignment_posted due_soon
#   user_created user_updated
[[routes]]
name = "completions"
when = ["completed", "passed"]
to = "slack"
audience = { channel = "C0123456789" }      # or { learner = true }, or { course_channel = true }
# enabled = true                            # false: nothing is posted; it is kept and can be replayed
# mode = { digest = "0 8 * * 1-5" }         # collected and sent as one post, in the tenant's time zone
# quiet_hours = "20:00-07:00"               # no posts then; what falls into them comes at their end
# changed = "post"                          # a changed grade is a new post; "update" rewrites the earlier one
# sla = "30s"                               # what arrives later is counted
# sla_goal = 99.0                           # percent that must arrive within it
# doubtful = "park"                         # when nobody can tell whether a post was made: "park" waits for a person,
#                                             "resend" accepts a double
# template = "completed"                    # your own wording: templates/completed.j2 beside tenants.d
# attempts_max = 8
# retry = { age_max = "30d", unavailable = { first = "1s", longest = "15s" } }

[[routes]]
name = "grades"
when = ["graded"]
to = "teams"
audience = { learner = true }

[[routes]]
name = "hand-ins"
when = ["submitted"]
to = "teams"
audience = { team = "5f0e1c5a-0000-4000-8000-00000000c0de", channel = "19:handins@thread.tacv2" }

# When learners are reminded of work that is due, where a route asks for due_soon.
# [due_soon]
# before = ["24h"]                          # up to five, like ["3d", "24h"]
# quiet_hours = "21:00-07:00"               # by the learner's own clock

# How long what is settled is kept.
# [retention]
# statements = "400d"                       # the log
# deliveries = "90d"                        # what was delivered, superseded or cancelled
# dead_letters = "400d"
# records = "400d"                          # what sources told, of what they do not have any more
# effect_horizon = "400d"                   # what was posted is remembered so long, and not posted again

# A route with pilot = "NAME" tells the cohort of that pilot and rehearses for everybody else (lmsyncctl pilot create).
# [pilot]                                    # when it counts as good enough
# events_min = 100
# error_percent_max = 2.0

# Who is enrolled is who is in a channel, a user group or a team (docs/rosters.md).
# [[rosters]]
# name = "classes"
# from = "campus"                           # a source that has enrolments
# to = "slack"
# into = { channel = "c-{course.code}" }    # or { usergroup = "…" }, { team = "…" }
# match = { course = "MATH-101" }
# create = false
# schedule = "0 2 * * *"
# brake = { percent_max = 20, count_max = 50 }

# Who decides where systems disagree, and where they are told (docs/review.md).
# [review]
# to = "slack"
# channel = "C0123456789"
# reviewers = ["ann@example.edu"]           # whose word counts when they press a button

# Who is told when something needs a person (docs/alerts.md). Try it: lmsyncctl alert test TENANT
# [[alerts]]
# to = "slack"
# channel = "C0123456789"
# about = ["suspended", "dead_letters"]      # absent: everything
# daemon = true                             # also what concerns the host: disk, store, actor

# Who is believed without asking, where sources say different things of one person.
# [[conflicts]]
# field = "role"                            # or email, name, dates, status
# policy = "source"                         # or latest, review
# source = "campus"
"""
