"""Kinds of text: what each takes and what it refuses."""

from pathlib import Path

import pytest
from config_world import GOOD_TENANT, look, told, write

from config.texts import CHECKS, is_loopback, listen_address, quiet_hours

RIGHT = {
    "duration": ["0s", "200ms", "1.5h", "3650d"],
    "timeout": ["1ms"],
    "period": ["1d", "24h", "3650d"],
    "url": ["https://slack.com/api/", "http://127.0.0.1:8490", "http://[::1]:80/x"],
    "listen address": ["127.0.0.1:0", "[::]:65535", "lms.example.edu:80"],
    "schedule": ["0 8 * * 1-5", "*/5 * * * MON"],
    "moment": ["2026-08-01T00:00:00Z", "2026-08-01T02:00:00.5+02:00"],
    "quiet hours": ["20:00-07:00", "00:00-23:59"],
    "time zone": ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"],
    "locale": ["en", "de-DE", "pt_BR", "zh-Hant-TW"],
    "web origin": ["*", "https://player.example.edu", "http://localhost:8080", "http://[::1]:81", "https://a:80"],
    "user name": ["moodle", "m\u00f6\u00f6dle 2"],
    "text": ["x"],
}
WRONG = {
    "duration": ["", "5", "s", "-1s", "1e3s", "5 years", "3651d", "\u0665s"],
    "timeout": ["0s", "0.0m"],
    "period": ["", "0d", "23h", "0.99d", "3651d", "for ever"],
    "url": ["", "slack.com", "ftp://h", "https://", "https://u@h/", "https://[::1/", "https://h:x/", "http://h/ x"],
    "listen address": ["", ":80", "80", "::1:80", "[::1]", "h:65536", "h:-1", "http://h:80", "h:\u0668\u0660"],
    "moment": ["", "yesterday", "2026-08-01", "2026-08-01T00:00:00", "2026-13-01T00:00:00Z"],
    "schedule": ["", "daily", "* * * *", "* * * * * *", "61 * * * *", "0 0 30 2 *", "0 0 * * 1-"],
    "quiet hours": ["", "20:00", "24:00-07:00", "8:00-9:00", "08:00-08:00", "20.00-07.00"],
    "time zone": ["", "Berlin", "europe/berlin", "../../etc/passwd", "/etc/localtime", "UTC\n"],
    "locale": ["", "d", "german", "de-", "xx", "de-DE-x-y-z-" + "q" * 40, "../de"],
    "web origin": ["", "a.example", "https://A.example", "https://a/", "ftp://a", "null", "https://a:443", "**"],
    "user name": ["", "a:b", "a\n"],
    "text": ["", " "],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in RIGHT.items() for text in texts])
def test_right(kind: str, text: str) -> None:
    CHECKS[kind](text)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WRONG.items() for text in texts])
def test_wrong(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        CHECKS[kind](text)
    assert type(caught.value) is ValueError


def test_every_kind_is_tried() -> None:
    assert RIGHT.keys() == WRONG.keys() == CHECKS.keys()


def test_meanings() -> None:
    assert listen_address("[::1]:8480") == ("::1", 8480)
    assert quiet_hours("20:00-07:30") == (1200, 450)
    assert [is_loopback(host) for host in ("127.9.9.9", "::1", "LocalHost", "0.0.0.0", "10.0.0.1")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_vendor_over_plain_http_is_a_warning(tmp_path: Path) -> None:
    tenant = GOOD_TENANT.replace("[[routes]]", 'api_url = "http://chat.example.org/"\n[[routes]]')
    configuration, problems = look(write(tmp_path, {"tenants.d/acme.toml": tenant}))
    assert configuration is not None
    message = "credentials travel unencrypted to this address"
    place = ("tenants.d/acme.toml", 12, "targets.chat.api_url")
    assert told(problems, tmp_path) == [(*place, message, "https://", "warning")]
    local = tenant.replace("chat.example.org", "127.0.0.1:8490")
    here = {"lmsyncd.toml": '[network]\nprivate_targets = ["127.0.0.1:8490"]\n'}
    assert look(write(tmp_path, {"tenants.d/acme.toml": local, **here}))[1] == []
