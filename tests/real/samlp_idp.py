"""A SAML identity provider that others have made (samlp, npm), running beside a test. Ended by whoever started it."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from saml_stage import Keys, lacking
from saml_texts import IDP

HERE = Path(__file__).parent


def samlp_script(folder: Path) -> Path:
    """The provider's script, with its packages beside it. Skips where there is no npm."""
    if missing := lacking("node", "npm"):
        pytest.skip(f"not installed: {missing}; as root on Debian, .ci/run installs them")
    for name in ("package.json", "package-lock.json", "saml_idp.js"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "saml_idp.js"


def public_of(pem: Path) -> str:
    key = x509.load_pem_x509_certificate(pem.read_bytes()).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@asynccontextmanager
async def samlp(script: Path, keys: Keys) -> AsyncIterator[int]:
    """The provider's port, as long as it runs."""
    plan = {
        "issuer": IDP,
        "cert": keys.pem("idp").read_text(),
        "key": keys.key("idp").read_text(),
        "signingCert": keys.pem("sp").read_text(),
        "sealFor": keys.pem("sp").read_text(),
        "sealKey": public_of(keys.pem("sp")),
    }
    async with trio.open_nursery() as nursery:
        running: Any = await nursery.start(
            partial(
                trio.run_process,
                ["node", str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        )
        try:
            await running.stdin.send_all(json.dumps(plan).encode())
            await running.stdin.aclose()
            with trio.fail_after(30):
                said = b""
                while b"\n" not in said:
                    said += await running.stdout.receive_some()
            yield int(json.loads(said)["port"])
        finally:
            running.terminate()
            nursery.cancel_scope.cancel()
