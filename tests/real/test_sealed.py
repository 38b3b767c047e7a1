"""What systemd itself seals, with a TPM too (an emulated one): ``vault status`` says of each what protects it, and what
is unsealed from it opens the vault.
"""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import socket

import pytest
import trio
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from machine import need
from vault_place import opened

from daemon.demo.stage import free_port
from daemon.vault.sealing import CREDENTIAL

pytestmark = pytest.mark.real

KEY = base64.b64encode(b"thirty-two bytes for the vault!!")
KINDS = [
    ("host", "host key"),
    ("tpm2", "tpm2"),
    ("host+tpm2", "host key and tpm2"),
    ("tpm2-with-public-key", "tpm2"),
    ("host+tpm2-with-public-key", "host key and tpm2"),
]
START_S_MAX = 20.0


@pytest.fixture
def tpm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulated TPM, as systemd-creds is told of it. One for each test: without a kernel's resource manager before
    it, it is full of sessions that systemd-creds leaves behind after a few of them."""
    need("swtpm", "systemd-creds", "tpm2_getcap")
    folder = tmp_path_factory.mktemp("tpm")
    port = two_ports()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"]
    command += ["--server", f"type=tcp,port={port},bindaddr=127.0.0.1"]
    command += ["--ctrl", f"type=tcp,port={port + 1},bindaddr=127.0.0.1"]
    emulator = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        trio.run(listening, port + 1)  # the other one serves one at a time, and none after that one hung up
        yield f"swtpm:host=127.0.0.1,port={port}"
    finally:
        emulator.terminate()
        emulator.wait(10)


def two_ports() -> int:
    """The first of two that follow one another: the second one is for its control, by convention."""
    while True:
        port = free_port()
        with socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port + 1))
            return port


async def listening(port: int) -> None:
    with trio.fail_after(START_S_MAX):
        while True:
            with suppress(OSError):
                stream = await trio.open_tcp_stream("127.0.0.1", port)
                await stream.aclose()
                return
            await trio.sleep(0.05)


def sealed(folder: Path, how: str, tpm: str) -> Path:
    """The key of the vault, sealed as docs/secrets.md has it, beside a configuration."""
    (folder / "key").write_bytes(KEY)
    public = generate_private_key(65_537, 2_048).public_key()
    (folder / "public.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    to = folder / f"{CREDENTIAL}.cred"
    command = ["systemd-creds", "encrypt", f"--with-key={how}", f"--tpm2-device={tpm}", f"--name={CREDENTIAL}"]
    if how.endswith("public-key"):
        command.append(f"--tpm2-public-key={folder / 'public.pem'}")
    done = subprocess.run([*command, str(folder / "key"), str(to)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    (folder / "key").unlink()
    return to


@pytest.mark.parametrize(("how", "kind"), KINDS)
async def test_the_vault_knows_what_systemd_sealed_its_key_with(tmp_path: Path, tpm: str, how: str, kind: str) -> None:
    file = await trio.to_thread.run_sync(sealed, tmp_path, how, tpm)
    handed_over = tmp_path / "credentials"
    handed_over.mkdir()
    (handed_over / CREDENTIAL).write_bytes(KEY)
    async with opened(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(handed_over)}) as place:
        await place.room.put("acme", "slack-bot", "xoxb-1", "ada")
        state = await place.room.state()
        assert (state.sealing.kind, state.trouble) == (kind, "")
        assert state.sealing.where == f"systemd credential {CREDENTIAL}, from {file}"


@pytest.mark.parametrize("how", ["host", "tpm2", "host+tpm2"])
async def test_what_systemd_unseals_opens_what_was_kept(tmp_path: Path, tpm: str, how: str) -> None:
    file = await trio.to_thread.run_sync(sealed, tmp_path, how, tpm)
    lives = []
    for number in range(2):
        handed_over = tmp_path / f"life-{number}"
        handed_over.mkdir()
        command = ["systemd-creds", "decrypt", f"--tpm2-device={tpm}", f"--name={CREDENTIAL}", str(file)]
        await trio.run_process([*command, str(handed_over / CREDENTIAL)], capture_stderr=True)
        async with opened(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(handed_over)}) as place:
            if not number:
                await place.room.put("acme", "slack-bot", "xoxb-1", "ada")
            lives.append(place.secrets.look_up("acme", "slack-bot"))
            assert not (tmp_path / "v.db.vault").exists()
    assert lives == ["xoxb-1", "xoxb-1"]
