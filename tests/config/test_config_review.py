"""``[review]``: cards go where people read them, and it is said in which team."""

from pathlib import Path

import pytest
from config_world import GOOD_TENANT, ROUTE_WORDS, ChatSettings, PushSettings, write

from config.load import examine
from config.tenant import Vocabulary

KINDS = dict.fromkeys(("chat", "slack", "teams"), ChatSettings)
VOCABULARY = Vocabulary({"push": PushSettings}, KINDS, ROUTE_WORDS)
TARGETS = """
[targets.here]
kind = "slack"
token = { env = "TOKEN" }

[targets.there]
kind = "teams"
token = { env = "TOKEN" }
"""


@pytest.mark.parametrize(
    ("review", "said"),
    [
        ('to = "here"\nchannel = "C1"\nreviewers = ["ann@example.edu"]', ""),
        ('to = "there"\nteam = "t1"\nchannel = "19:x"', ""),
        ('to = "chat"\nchannel = "C1"', "nobody reads cards there"),
        ('to = "there"\nchannel = "19:x"', "in which team the channel is"),
        ('to = "elsewhere"\nchannel = "C1"', "there is no target"),
        ('to = "here"', "this key is needed"),
    ],
)
def test_where_cards_go(tmp_path: Path, review: str, said: str) -> None:
    root = write(tmp_path, {"lmsyncd.toml": "", "tenants.d/acme.toml": f"{GOOD_TENANT}{TARGETS}\n[review]\n{review}\n"})
    _, problems = examine(root, VOCABULARY, {"TOKEN": "t", "LRS": "s"})
    found = [each.message for each in problems if each.severity == "error"]
    assert [message for message in found if said in message] if said else found == []


@pytest.mark.parametrize(
    ("conflict", "said"),
    [
        ('field = "role"\npolicy = "source"\nsource = "campus"', ""),
        ('field = "name"\npolicy = "latest"', ""),
        ('field = "email"\npolicy = "latest"', "an address is an identifier"),
        ('field = "role"\npolicy = "source"', "names its source"),
        ('field = "role"\npolicy = "source"\nsource = "nobody"', "there is no source"),
        ('field = "shoe_size"', "shoe_size"),
    ],
)
def test_who_is_believed(tmp_path: Path, conflict: str, said: str) -> None:
    root = write(tmp_path, {"lmsyncd.toml": "", "tenants.d/acme.toml": f"{GOOD_TENANT}\n[[conflicts]]\n{conflict}\n"})
    _, problems = examine(root, VOCABULARY, {"TOKEN": "t", "LRS": "s"})
    found = [each.message for each in problems if each.severity == "error"]
    assert [message for message in found if said in message] if said else found == []
