"""A real backend takes what is pushed: VictoriaMetrics, which receives OTLP, from a Debian after the one we run on."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from prometheus_served import PATIENCE_S, asking, queried
from rehearsal import picked, post, rehearsal, replace

from daemon.demo.stage import free_port
from daemon.telemetry.metrics import Metrics

SUITE, PACKAGE = "forky", "victoria-metrics"
ABOUT_US = {"service_name", "service_version", "service_instance_id", "scope_name", "scope_version"}
"""Labels made of who tells it: where Prometheus that scrapes has ``job`` and ``instance``."""
HURRY = '[telemetry]\notlp_metrics_every = "1s"\notlp_signals = ["metrics"]'

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        (os.getuid() != 0 or shutil.which("apt-get") is None) and os.environ.get("SKIP_NOTHING") != "true",
        reason="needs root on Debian, for a package of a later release",
    ),
]


def ran(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpacked beside: nothing is installed. It comes from where this machine's packages come from."""
    folder = tmp_path_factory.mktemp("later")
    places = ran("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)").splitlines()
    [place] = {words[0] for line in places if (words := line.split())[1:] == ["bookworm", "main"]}
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    (folder / "sources.list").write_text(f"deb {signed} {place} {SUITE} main\n")
    apart = (
        *("-o", f"Dir::Etc::sourcelist={folder}/sources.list"),
        *("-o", "Dir::Etc::sourceparts=/dev/null"),
        *("-o", f"Dir::State::lists={folder}/lists"),
        *("-o", f"Dir::Cache={folder}/cache"),
        *("-o", "APT::Sandbox::User=root"),
    )
    ran("apt-get", *apart, "update")
    ran("apt-get", *apart, "download", PACKAGE, cwd=folder)
    [package] = folder.glob(f"{PACKAGE}_*.deb")
    ran("dpkg-deb", "--extract", package, folder / "unpacked")
    return folder / "unpacked" / "usr" / "bin" / PACKAGE


@contextmanager
def serving(program: Path, folder: Path) -> Iterator[str]:
    port = free_port()
    words = [f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, *words, "-opentelemetry.usePrometheusNaming"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(30)


async def test_metrics_that_are_pushed_are_called_as_those_that_are_scraped(tmp_path: Path, program: Path) -> None:
    """By name and labels, as the backend makes them of OpenTelemetry's names and units: one dashboard reads both."""
    (tmp_path / "backend").mkdir()

    def hurry(root: Path) -> None:
        replace(root / "lmsyncd.toml", "[telemetry]", HURRY)

    with serving(program, tmp_path / "backend") as address:
        async with (
            asking(address) as client,
            rehearsal(tmp_path, otlp_endpoint=f"{address}/opentelemetry", change=hurry) as stage,
        ):
            await post(stage.scene, picked("completed", "enrolled", "scored"))
            await stage.until_effects(3)
            with trio.fail_after(PATIENCE_S):
                while not await queried(client, 'sum(lmsyncd_deliveries_total{state="delivered"}) >= 3'):
                    await trio.sleep(0.5)
            there = set((await client.get("/api/v1/label/__name__/values")).json()["data"])
            keys = {name: each.definition.keys for each in Metrics().families() for name in each.definition.series}
            assert there <= keys.keys()
            assert {"http_client_request_duration_seconds_bucket", "process_cpu_time_seconds_total"} <= there
            assert len(there) > 30
            for name in there:
                for one in await queried(client, name):
                    assert one["metric"].keys() - {"__name__", "le", "vmrange"} - ABOUT_US <= set(keys[name]), name
