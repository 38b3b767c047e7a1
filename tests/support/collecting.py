"""A collector that is not ours: rotel, written in Rust, as its Python package brings it. It takes OTLP by HTTP and
gRPC, decodes it, and tells it on to another."""

import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from daemon.demo.stage import free_port

PACKAGE = "rotel==0.0.1a15"
SIZE_BYTES_MAX = 200_000_000
PATIENCE_S = 30.0


class Collecting(NamedTuple):
    """Where it takes OTLP, by protocol."""

    http: str
    grpc: str


def installed(folder: Path) -> Path:
    """The program, in a folder of its own, by pip as it is set up here (which keeps what it has fetched)."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    done = subprocess.run([*pip, "--no-deps", "--only-binary", ":all:", PACKAGE], capture_output=True, timeout=150)
    assert done.returncode == 0, done.stderr.decode()
    [program] = folder.glob(f"lib/python{sys.version_info.major}.*/site-packages/rotel/rotel-agent")
    assert program.stat().st_size < SIZE_BYTES_MAX
    return program


@contextmanager
def collecting(program: Path, folder: Path, onward: str) -> Iterator[Collecting]:
    """It runs, and tells on to ``onward`` (OTLP by HTTP) what it is told. Ended with the block."""
    grpc, http = free_port(), free_port()
    words = {
        "otlp-grpc-endpoint": f"127.0.0.1:{grpc}",
        "otlp-http-endpoint": f"127.0.0.1:{http}",
        "exporter": "otlp",
        "otlp-exporter-endpoint": onward,
        "otlp-exporter-protocol": "http",
        "pid-file": str(folder / "pid"),
        "log-file": str(folder / "log"),
    }
    arguments = [part for name, value in words.items() for part in (f"--{name}", value)]
    with (folder / "said").open("wb") as said:
        running = subprocess.Popen([program, "start", *arguments], stdout=said, stderr=said, cwd=folder, env={})
    try:
        _until_it_answers(running, f"http://127.0.0.1:{http}/v1/traces", folder / "said")
        yield Collecting(f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}")
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _until_it_answers(running: "subprocess.Popen[bytes]", address: str, said: Path) -> None:
    """Whatever it answers: what is asked is an empty request."""
    due_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < due_s:
        assert running.poll() is None, said.read_text()
        try:
            httpx.post(address, headers={"Content-Type": "application/x-protobuf"}, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(said.read_text())
