"""A provider whose keys are elliptic: its assertions are believed, and so are its goodbyes, however it writes them."""

import subprocess
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from saml_stage import LOGIN, Keys, SamlStage, lacking, metadata, saml_stage, signed
from saml_texts import IDP, signature

from daemon.gateway.sso.saml_messages import Addresses, addresses, logout_request, private_key, redirect

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(lacking()), reason=f"not installed: {lacking()}; as root on Debian, .ci/run installs it"),
]
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


def elliptic(keys: Keys, name: str, curve: str) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes"]
    files = ["-days", "2", "-subj", f"/CN={name}", "-keyout", str(keys.key(name)), "-out", str(keys.pem(name))]
    subprocess.run([*command, *files], check=True, capture_output=True)


def goodbye(stage: SamlStage, tenant: str, name: str, subject: str, *, side_by_side: bool) -> str:
    """Where a provider sends a browser that says that this one's session is over."""
    ours = addresses(stage.base, tenant)
    theirs = Addresses(entity_id=IDP, acs_url="", logout_url="")
    message = logout_request(theirs, ours.logout_url, "_bye", subject, "", time.time_ns() // 1000)
    keys = stage.keys
    any_key = private_key(keys.key("sp").read_text(), keys.pem("sp").read_bytes())
    unsigned = redirect(ours.logout_url, "SAMLRequest", message, "", any_key)
    query = urlsplit(unsigned).query.partition("&SigAlg=")[0] + f"&SigAlg={quote(MORE + 'ecdsa-sha256', safe='')}"
    key = load_pem_private_key(keys.key(name).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    proof = key.sign(query.encode(), ec.ECDSA(hashes.SHA256()))
    if side_by_side:
        half = (key.key_size + 7) // 8
        proof = b"".join(number.to_bytes(half, "big") for number in decode_dss_signature(proof))
    return f"{ours.logout_url}?{query}&Signature={quote(b64encode(proof).decode(), safe='')}"


@pytest.mark.parametrize(("curve", "side_by_side"), [("P-256", True), ("P-384", False)], ids=["P-256", "P-384, in DER"])
async def test_a_provider_with_an_elliptic_key_signs_people_on_and_off(
    tmp_path: Path, curve: str, side_by_side: bool
) -> None:
    file = tmp_path / "elliptic.xml"
    file.write_text("")
    async with saml_stage(tmp_path, {"acme": ""}, signing_on_by={"acme": file}) as stage:
        elliptic(stage.keys, "round", curve)
        file.write_text(metadata(stage.keys, "round", login=LOGIN))
        async with stage.browser("acme") as browser:
            begun = await browser.begin()
            template = signature("_a1", method=f"{MORE}ecdsa-sha256")
            text = browser.response(begun, browser.assertion(begun, id="_a1", signed=template))
            text = signed(text, stage.keys.key("round"), "_a1")
            assert (await browser.send(text, begun.relay)).status_code == 303
            assert (await browser.client.get(f"{stage.base}/t/acme/connect")).status_code == 403  # in, without a role
            bye = goodbye(stage, "acme", "round", "ada", side_by_side=side_by_side)
            async with stage.browser("acme") as other:
                assert (await other.client.get(bye.replace("Signature=", "Signature=AAAA"))).status_code == 403
                assert (await other.client.get(bye)).status_code == 303
            assert (await browser.client.get(f"{stage.base}/t/acme/connect")).status_code == 303
        [row] = await stage.audit("acme", "--what", "session.end")
        assert row["arguments"]["why"] == "it ended at the identity provider"  # type: ignore[index]
