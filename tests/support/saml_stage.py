"""A whole daemon whose tenants' people sign on by SAML, an identity provider's hands (keys, xmlsec1), and browsers."""

import json
import re
import shutil
import subprocess
import tempfile
import time
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from rehearsal import lmsyncctl, rehearsal
from saml_texts import IDP, S, posted
from saml_texts import assertion as plain_assertion
from saml_texts import response as plain_response

from daemon.demo.stage import Stage

XMLSEC1 = Path("/usr/bin/xmlsec1")
LOGIN, LOGOUT = "https://idp.example.edu/login", "https://idp.example.edu/logout"
CLASSES = {
    "Assertion": "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
    "Response": "urn:oasis:names:tc:SAML:2.0:protocol:Response",
    "EntityDescriptor": "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
}
TEMPLATE = (
    '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" '
    'Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{cipher}"/>'
    '<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>'
    '<xenc:EncryptionMethod Algorithm="{wrapper}"/><xenc:CipherData><xenc:CipherValue/></xenc:CipherData>'
    "</xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
)
_ASSERTION = re.compile(r"<saml:Assertion .*?</saml:Assertion>", re.DOTALL)


def lacking(*more: str) -> str:
    """What is not installed; empty where all is."""
    return ", ".join(name for name in ("xmlsec1", "openssl", *more) if shutil.which(name) is None)


class Keys:
    """Pairs in a folder, by name: NAME.key and NAME.pem."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
            files = ["-keyout", str(self.key(name)), "-out", str(self.pem(name))]
            subprocess.run([*command, *files], check=True, capture_output=True)
            self.key(name).chmod(0o600)

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def pem(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def base64(self, name: str) -> str:
        return "".join(self.pem(name).read_text().splitlines()[1:-1])


def signed(text: str, key: Path, node_id: str, kind: str = "Assertion", *, how: str = "--privkey-pem") -> str:
    """The text with the template of a signature in the element of this id filled in."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as source:
        source.write(text.encode())
        source.flush()
        command = [str(XMLSEC1), "--sign", how, str(key), "--id-attr:ID", CLASSES[kind], "--node-id", node_id]
        done = subprocess.run([*command, source.name], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().removeprefix('<?xml version="1.0"?>\n')


def encrypted(text: str, pem: Path, *, cipher: str = "", wrapper: str = "", key: str = "aes-256") -> str:
    """A response with its assertion encrypted."""
    xenc = "http://www.w3.org/2001/04/xmlenc#"
    template = TEMPLATE.format(cipher=cipher or f"{xenc}aes256-cbc", wrapper=wrapper or f"{xenc}rsa-oaep-mgf1p")
    [plain] = _ASSERTION.findall(text)
    with tempfile.TemporaryDirectory() as folder:
        source, form = Path(folder) / "plain.xml", Path(folder) / "template.xml"
        source.write_text(plain)
        form.write_text(template)
        command = [str(XMLSEC1), "--encrypt", "--pubkey-cert-pem", str(pem), "--session-key", key]
        done = subprocess.run(
            [*command, "--xml-data", str(source), str(form)], capture_output=True, check=False, cwd=folder
        )
    assert done.returncode == 0, done.stderr.decode()
    data = done.stdout.decode().partition("?>")[2].strip()
    head = f'<saml:EncryptedAssertion xmlns:saml="{S}">'
    return text.replace(plain, f"{head}{data}</saml:EncryptedAssertion>")


def metadata(keys: Keys, *names: str, login: str = LOGIN, logout: str = LOGOUT, signature: str = "") -> str:
    """The provider's: with a key for signatures each."""
    redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    told = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{keys.base64(name)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for name in names
    )
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_md" entityID="{IDP}">{signature}'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{told}'
        f'<md:SingleLogoutService Binding="{redirect}" Location="{logout}"/>'
        f'<md:SingleSignOnService Binding="{redirect}" Location="{login}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


class Begun(msgspec.Struct, frozen=True):
    """A sign-on that a browser has begun: where it was sent, and what was asked there."""

    url: str
    request_id: str
    relay: str


class Browser:
    """One person's, at one tenant. ``tenant`` has ``[sso.saml]``; ``address``: from where, as a proxy says."""

    def __init__(self, base: str, tenant: str, address: str = "") -> None:
        self.tenant = tenant
        self.at = f"{base}/t/{tenant}/sso/saml"
        headers = {"X-Forwarded-For": address} if address else {}
        self.client = httpx.AsyncClient(timeout=30, trust_env=False, headers=headers)

    async def begin(self, to: str = "") -> Begun:
        answer = await self.client.get(f"{self.at}/login", params={"to": to} if to else {})
        assert answer.status_code == 303, answer.text
        url = answer.headers["location"]
        fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        text = zlib.decompress(b64decode(fields["SAMLRequest"]), -15).decode()
        found = re.search(r' ID="([^"]+)"', text)
        assert found
        return Begun(url, found[1], fields["RelayState"])

    async def send(self, message: str | bytes, relay: str | None) -> httpx.Response:
        """As the provider's page would have it post."""
        fields = {"SAMLResponse": posted(message), **({} if relay is None else {"RelayState": relay})}
        return await self.client.post(f"{self.at}/acs", data=fields)

    def assertion(self, begun: Begun, **changed: object) -> str:
        words: dict[str, object] = {
            "now_us": time.time_ns() // 1000,
            "recipient": f"{self.at}/acs",
            "audience": f"{self.at}/metadata",
            "answers": begun.request_id,
            **changed,
        }
        return plain_assertion(**words)  # type: ignore[arg-type]

    def response(self, begun: Begun, *content: str, **changed: object) -> str:
        words: dict[str, object] = {
            "now_us": time.time_ns() // 1000,
            "destination": f"{self.at}/acs",
            "answers": begun.request_id,
            **changed,
        }
        return plain_response(*content, **words)  # type: ignore[arg-type]

    @property
    def is_in(self) -> bool:
        """Whether it holds a session of ours."""
        return any(name.endswith(f"lmsyncd-{self.tenant}") for name in self.client.cookies)


class SamlStage:
    """The daemon and what belongs to it."""

    def __init__(self, stage: Stage, keys: Keys) -> None:
        self.stage = stage
        self.keys = keys
        self.base = f"http://127.0.0.1:{stage.scene.gateway_port}"

    @asynccontextmanager
    async def browser(self, tenant: str, address: str = "") -> AsyncIterator[Browser]:
        browser = Browser(self.base, tenant, address)
        try:
            yield browser
        finally:
            await browser.client.aclose()

    async def audit(self, *words: str) -> list[dict[str, object]]:
        """Rows, the newest first."""
        told = await lmsyncctl(self.stage.scene, "--json", "audit", "list", "--limit", "10000", *words)
        assert told.returncode in (0, 3), told.stderr.decode()
        return [row for line in told.stdout.splitlines() if (row := json.loads(line))["kind"] == "audit"]


@asynccontextmanager
async def saml_stage(
    tmp_path: Path,
    tenants: Mapping[str, str],
    *,
    signing_on_by: Mapping[str, Path] | None = None,
    xmlsec1: str = str(XMLSEC1),
) -> AsyncIterator[SamlStage]:
    """``tenants``: by name, what each has below ``[sso.saml]`` besides. ``signing_on_by``: whose metadata they believe,
    those of ``metadata`` with two keys (``idp`` and ``next``) for all others."""
    keys = Keys(tmp_path / "keys", "sp", "spare", "idp", "next", "evil")
    file = tmp_path / "idp.xml"
    file.write_text(metadata(keys, "idp", "next"))

    def change(root: Path) -> None:
        toml = root / "lmsyncd.toml"
        listen = re.search(r'listen = \["([^"]+)"\]', toml.read_text())
        assert listen
        more = f'proxies = ["127.0.0.1"]\npublic_url = "http://{listen[1]}"'
        public = toml.read_text().replace("[gateway]", f"[gateway]\n{more}", 1)
        toml.write_text(f'{public}[sso]\nxmlsec1 = "{xmlsec1}"\n')
        (root / "people.csv").write_text("home_page,account,email\nhttps://lms.example.edu,7,ada@example.edu\n")
        pairs = ", ".join(
            f'{{ certificate = "{keys.pem(name)}", key = {{ file = "{keys.key(name)}" }} }}' for name in ("sp", "spare")
        )
        for name, more in tenants.items():
            believed = (signing_on_by or {}).get(name, file)
            source = "" if "metadata_url" in more else f'metadata_file = "{believed}"\n'
            (root / "tenants.d" / f"{name}.toml").write_text(
                '[people]\nfile = "../people.csv"\n[sources.campus]\nkind = "xapi"\n'
                f"[sso.saml]\nkeys = [{pairs}]\n{source}{more}"
            )

    async with rehearsal(tmp_path, change=change) as stage:
        yield SamlStage(stage, keys)
