"""``[[alerts]]``: alarms go where people read them, and it is said in which channel."""

from pathlib import Path

import pytest
from config_world import GOOD_TENANT, ROUTE_WORDS, ChatSettings, PushSettings, write

from config.load import examine
from config.tenant import Vocabulary

KINDS = dict.fromkeys(("chat", "slack", "teams", "webhook", "lrs"), ChatSettings)
VOCABULARY = Vocabulary({"push": PushSettings}, KINDS, ROUTE_WORDS)
TARGETS = "".join(
    f'\n[targets.{name}]\nkind = "{kind}"\ntoken = {{ env = "TOKEN" }}\n'
    for name, kind in (("here", "slack"), ("there", "teams"), ("pager", "webhook"), ("log", "lrs"))
)


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        ('to = "here"\nchannel = "C1"', ""),
        ('to = "there"\nteam = "t1"\nchannel = "19:x"\nabout = ["late", "disk"]', ""),
        ('to = "pager"\ndaemon = true\nrepeat = "7d"', ""),
        ('to = "log"', "nobody reads alarms there"),
        ('to = "here"', "in which channel alarms are told"),
        ('to = "there"\nchannel = "19:x"', "in which team the channel is"),
        ('to = "pager"\nchannel = "C1"', "has no channels"),
        ('to = "elsewhere"\nchannel = "C1"', "there is no target"),
        ('to = "pager"\nabout = ["weather"]', "weather"),
        ('to = "pager"\nrepeat = "1m"', "at least 1d"),
    ],
)
def test_where_alarms_go(tmp_path: Path, alert: str, said: str) -> None:
    written = f"{GOOD_TENANT}{TARGETS}\n[[alerts]]\n{alert}\n"
    root = write(tmp_path, {"lmsyncd.toml": "", "tenants.d/acme.toml": written})
    _, problems = examine(root, VOCABULARY, {"TOKEN": "t", "LRS": "s"})
    found = [each.message for each in problems if each.severity == "error"]
    assert [message for message in found if said in message] if said else found == []
