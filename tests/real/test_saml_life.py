"""Sign-on by SAML as time goes on: keys change at both ends, the daemon dies and comes back, the provider is away,
the program that checks signatures is missing, and what may stay unsaid is allowed where an operator says so.
"""

import json
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rehearsal import lmsyncctl, replace
from saml_stage import Browser, Keys, SamlStage, encrypted, lacking, metadata, saml_stage, signed
from saml_texts import SHA256, signature

from daemon.demo.stage import free_port
from daemon.gateway.sso.saml_messages import carried

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it"),
]
GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"


async def answered(stage: SamlStage, browser: Browser, key: str = "idp", **changed: object) -> int:
    """Begin, be signed on by the provider, and come back: the status."""
    begun = await browser.begin()
    own = f"{begun.request_id}a"
    text = signed(browser.response(begun, browser.assertion(begun, id=own, **changed)), stage.keys.key(key), own)
    return (await browser.send(text, begun.relay)).status_code


class Site:
    """Where a provider's metadata are read: one document, and how often it was asked for."""

    def __init__(self) -> None:
        self.port = free_port()
        self.text = ""
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/metadata"

    async def _answer(self, stream: trio.SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (some := await stream.receive_some()):
                    return
                head += some
            self.asked += 1
            body = self.text.encode()
            status = b"200 OK" if body else b"503 Service Unavailable"
            await stream.send_all(
                b"HTTP/1.1 %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body))
            )
            await stream.send_all(body)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Site"]:
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(trio.serve_tcp, self._answer, self.port, host="127.0.0.1"))
            yield self
            nursery.cancel_scope.cancel()


async def test_either_key_of_the_provider_counts_and_either_of_ours_opens(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": "encrypted = true\n", "open": ""}) as stage:
        for key in ("idp", "next"):
            async with stage.browser("open") as browser:
                assert await answered(stage, browser, key) == 303
        for ours in ("sp", "spare"):
            async with stage.browser("acme") as browser:
                begun = await browser.begin()
                text = browser.response(begun, browser.assertion(begun, id=f"_{ours}"))
                text = signed(text, stage.keys.key("idp"), f"_{ours}")
                sealed = encrypted(text, stage.keys.pem(ours), cipher=GCM)
                answer = await browser.send(sealed, begun.relay)
                assert answer.status_code == 303, [(r["what"], r["detail"]) for r in await stage.audit("acme")]
                assert browser.is_in


async def test_a_new_key_is_read_when_it_is_met_and_what_was_read_outlasts_the_site_and_the_process(
    tmp_path: Path,
) -> None:
    async with Site().open() as site:
        more = f'metadata_url = "{site.url}"\n'
        async with saml_stage(tmp_path, {"acme": more}) as stage, stage.browser("acme") as browser:
            site.text = metadata(stage.keys, "idp")
            assert await answered(stage, browser) == 303
            assert site.asked == 1
            assert await answered(stage, browser, "evil") == 403  # it might have been a new key
            assert site.asked == 2
            assert await answered(stage, browser, "evil") == 403  # but not again and again
            assert site.asked == 2
            site.text = ""
            await stage.stage.kill_and_restart()
            await stage.stage.ready()
            assert await answered(stage, browser) == 303
            assert site.asked == 2
            site.text = metadata(stage.keys, "next")
            assert await answered(stage, browser, "next") == 303
            assert site.asked == 3
            assert await answered(stage, browser, "idp") == 403


async def test_an_assertion_that_was_used_stays_used_when_the_process_dies(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": "allow_unsolicited = true\n"}) as stage:
        async with stage.browser("acme") as browser:
            begun = await browser.begin()
            text = signed(browser.response(begun, browser.assertion(begun)), stage.keys.key("idp"), "_assertion1")
            assert (await browser.send(text, begun.relay)).status_code == 303
            unasked = browser.response(begun, browser.assertion(begun, id="_a2", answers=None), answers=None)
            unasked = signed(unasked, stage.keys.key("idp"), "_a2")
            async with stage.browser("acme") as other:
                assert (await other.send(unasked, "where ever")).status_code == 303
            await stage.stage.kill_and_restart()
            await stage.stage.ready()
            assert (await browser.send(text, begun.relay)).status_code == 403
            async with stage.browser("acme") as other:
                assert (await other.send(unasked, None)).status_code == 403
        rows = await stage.audit("acme", "--what", "session.refused")
        assert sum(int(str(row["times"])) for row in rows) >= 1
        assert {row["detail"] for row in rows} == {"the assertion was used before"}


async def test_a_sign_on_that_was_pending_goes_on_when_the_process_dies(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        begun = await browser.begin(to="/t/acme/connect/slack")
        await stage.stage.kill_and_restart()
        await stage.stage.ready()
        text = signed(browser.response(begun, browser.assertion(begun)), stage.keys.key("idp"), "_assertion1")
        answer = await browser.send(text, begun.relay)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{stage.base}/t/acme/connect/slack")


@pytest.mark.parametrize(
    "way", ["https://evil.example", "//evil.example", "/t/other/connect", "/t/acme/../other", "/t/acme/\\evil"]
)
async def test_people_only_ever_come_back_to_their_own_pages(tmp_path: Path, way: str) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        begun = await browser.begin(to=way)
        text = signed(browser.response(begun, browser.assertion(begun)), stage.keys.key("idp"), "_assertion1")
        answer = await browser.send(text, begun.relay)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{stage.base}/t/acme/connect")


async def test_metadata_must_be_signed_where_a_certificate_says_by_whom(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "federation", "federation", "idp", "next")
    proof = signature("_md", digest=SHA256)
    good = signed(metadata(keys, "idp", signature=proof), keys.key("federation"), "_md", "EntityDescriptor")
    texts = {
        "good": good,
        "bare": metadata(keys, "idp"),
        "foreign": signed(metadata(keys, "idp", signature=proof), keys.key("next"), "_md", "EntityDescriptor"),
        "changed": good.replace("/login", "/elsewhere"),
    }
    tenants = {}
    for name, text in texts.items():
        file = tmp_path / f"{name}.xml"
        file.write_text(text)
        tenants[name] = f'metadata_certificate = "{keys.pem("federation")}"\n'
    async with saml_stage(tmp_path, tenants, signing_on_by={name: tmp_path / f"{name}.xml" for name in texts}) as stage:
        found = {}
        for name in texts:
            async with stage.browser(name) as browser:
                found[name] = (await browser.client.get(f"{browser.at}/login")).status_code
        assert found == {"good": 303, "bare": 503, "foreign": 503, "changed": 503}


async def test_without_the_program_it_is_said_and_nothing_else_suffers(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": ""}, xmlsec1="/usr/bin/no-such-xmlsec1") as stage:
        async with stage.browser("acme") as browser:
            for answer in (
                await browser.client.get(f"{browser.at}/login"),
                await browser.send("<x/>", None),
            ):
                assert answer.status_code == 503
                assert answer.headers["retry-after"]
                assert "xmlsec1" not in answer.text
            assert (await browser.client.get(f"{browser.at}/metadata")).status_code == 200
        assert "no-such-xmlsec1" in stage.stage.daemon.log.read_text()
        scene = stage.stage.scene
        told = await lmsyncctl(scene, "--json", "reload")
        assert told.returncode == 0
        assert b"sso.xmlsec1" in told.stdout
        replace(scene.root / "lmsyncd.toml", "/usr/bin/no-such-xmlsec1", "/usr/bin/xmlsec1")
        await stage.stage.daemon.end()
        stage.stage.daemon.start()
        await stage.stage.ready()
        async with stage.browser("acme") as browser:
            assert await answered(stage, browser) == 303


async def test_roles_come_along_and_nobody_is_told_of_who_does_not_sign_on(tmp_path: Path) -> None:
    roles = '[sso.roles]\napprovers = ["lms-deciders"]\n'
    async with saml_stage(tmp_path, {"acme": roles}) as stage, stage.browser("acme") as browser:
        attributes = {"email": ["new@example.edu"], "groups": ["staff", "lms-deciders"]}
        assert await answered(stage, browser, attributes=attributes) == 303
        [row] = await stage.audit("acme", "--what", "session.begin")
        told = json.loads(json.dumps(row["arguments"]))
        assert told["role"] == "approver"
        assert told["unmatched"] == "no source and no people file tells of anybody with the address new@example.edu"
        for tenant in ("campus", "nobody"):
            for name in ("login", "metadata"):
                answer = await browser.client.get(f"{stage.base}/t/{tenant}/sso/saml/{name}")
                assert answer.status_code == 404


async def test_our_key_may_be_a_secret_that_was_set_while_the_daemon_ran(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage:
        scene, keys = stage.stage.scene, stage.keys
        command = [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(scene.socket)]
        key = keys.key("spare").read_bytes()
        done = await trio.run_process(
            [*command, "secret", "set", "acme/saml"], stdin=key, capture_stdout=True, capture_stderr=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        file = scene.root / "tenants.d" / "acme.toml"
        replace(file, f'key = {{ file = "{keys.key("sp")}" }}', 'key = { credential = "saml" }')
        replace(file, str(keys.pem("sp")), str(keys.pem("spare")))
        told = await lmsyncctl(scene, "reload")
        assert told.returncode == 0, told.stdout.decode() + told.stderr.decode()
        async with stage.browser("acme") as browser:
            begun = await browser.begin()
            signed_by = x509.load_pem_x509_certificate(keys.pem("spare").read_bytes()).public_bytes(Encoding.DER)
            assert carried(urlsplit(begun.url).query, "SAMLRequest", [signed_by]).relay == begun.relay
            text = signed(browser.response(begun, browser.assertion(begun)), keys.key("idp"), "_assertion1")
            assert (await browser.send(text, begun.relay)).status_code == 303
        log = stage.stage.daemon.log.read_text()
        assert key.splitlines()[1].decode() not in log


async def test_a_certificate_of_another_key_is_said_to_operators_only(tmp_path: Path) -> None:
    async with saml_stage(tmp_path, {"acme": ""}) as stage, stage.browser("acme") as browser:
        shutil.copy(stage.keys.pem("evil"), stage.keys.pem("sp"))
        answer = await browser.client.get(f"{browser.at}/login")
        assert answer.status_code == 503
        assert "certificate" not in answer.text
        assert "the certificate is of another key" in stage.stage.daemon.log.read_text()


async def test_the_page_to_sign_in_leaves_out_what_cannot_be_used(tmp_path: Path) -> None:
    oidc = '[sso.oidc]\nissuer = "http://127.0.0.1:8999/"\nclient_id = "x"\n'
    first = '[sso]\nmethods = ["saml", "oidc"]\n'
    for program, seen in (("/usr/bin/xmlsec1", ["saml", "oidc"]), ("/usr/bin/no-such-xmlsec1", ["oidc"])):
        folder = tmp_path / seen[0]
        folder.mkdir()
        async with (
            saml_stage(folder, {"acme": oidc + first}, xmlsec1=program) as stage,
            stage.browser("acme") as browser,
        ):
            page = await browser.client.get(f"{stage.base}/t/acme/sso")
            assert page.status_code == 200
            links = re.findall(r"/t/acme/sso/(saml|oidc)", page.text)
            assert links == seen
