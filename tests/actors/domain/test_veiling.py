"""Whatever part of a secret address an answer repeats is masked."""

import pytest

from actors.domain.flow import Response
from actors.domain.veiling import parts_of, veiled
from actors.targets.teams_workflow import wire as workflow
from actors.targets.webhook import wire as webhook

FLOW = "https://prod-1.logic.example.org:443/workflows/0123456789abcdef/invoke?api=1&sig=S3CRET%2DS3CRET"


@pytest.mark.parametrize(
    "said",
    [
        f"no {FLOW} here",
        "no route /workflows/0123456789abcdef/invoke?api=1&sig=S3CRET%2DS3CRET",
        "no route /workflows/0123456789abcdef/invoke",
        "sig=S3CRET%2DS3CRET does not fit",
        "S3CRET-S3CRET does not fit",
    ],
)
def test_no_part_of_a_secret_address_is_repeated(said: str) -> None:
    hidden = parts_of(FLOW)
    body = b'{"error": {"code": "X", "message": "%b"}, "detail": "%b"}' % (said.encode(), said.encode())
    told = [veiled(said, hidden)]
    for wire in (workflow, webhook):
        answer = wire.understand(Response(status=404, headers={}, body=body), hidden)
        told.append(answer.detail)  # type: ignore[union-attr]  # a failure
    assert all("***" in text for text in told)
    assert not any(part in text for text in told for part in ("S3CRET", "0123456789abcdef"))


def test_words_stay() -> None:
    assert veiled("the api of the host", parts_of(FLOW)) == "the api of the host"
    assert parts_of("http://[::1/secret-path") == ("http://[::1/secret-path",)
