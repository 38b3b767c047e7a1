"""A real backend takes what is pushed: a Prometheus that receives OTLP (that of the Debian after the one we run on)."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import trio
from prometheus_served import PATIENCE_S, asking, prometheus, queried, traces_of
from rehearsal import picked, post, rehearsal, replace

from daemon.telemetry.metrics import Metrics
from daemon.telemetry.registry import Histogram

SUITE = "trixie"
DELIVERED = 'lmsyncd_deliveries_total{state="delivered"}'

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
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, unpacked beside: nothing is installed. It comes from where this machine's packages come from."""
    folder = tmp_path_factory.mktemp("later")
    places = ran("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)").splitlines()
    [place] = {words[0] for line in places if (words := line.split())[1:] == ["bookworm", "main"]}
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    (folder / "sources.list").write_text(f"deb {signed} {place} {SUITE} main\n")
    apart = [
        *("-o", f"Dir::Etc::sourcelist={folder}/sources.list"),
        *("-o", "Dir::Etc::sourceparts=/dev/null"),
        *("-o", f"Dir::State::lists={folder}/lists"),
        *("-o", f"Dir::Cache={folder}/cache"),
        *("-o", "APT::Sandbox::User=root"),
    ]
    ran("apt-get", *apart, "update")
    ran("apt-get", *apart, "download", "prometheus", cwd=folder)
    [package] = folder.glob("prometheus_*.deb")
    ran("dpkg-deb", "--extract", package, folder / "unpacked")
    return folder / "unpacked" / "usr" / "bin" / "prometheus"


async def test_metrics_that_are_pushed_are_those_that_are_scraped(tmp_path: Path, receiving: Path) -> None:
    """By name, labels and unit, with the traces that histograms name: one dashboard reads both."""
    (tmp_path / "prometheus").mkdir()

    def hurry(root: Path) -> None:
        replace(
            root / "lmsyncd.toml",
            "[telemetry]",
            '[telemetry]\notlp_metrics_every = "1s"\notlp_signals = ["metrics", "traces"]',
        )

    features = "exemplar-storage,otlp-write-receiver"
    with prometheus(tmp_path / "prometheus", program=receiving, features=features) as address:
        async with (
            asking(address) as client,
            rehearsal(tmp_path, otlp_endpoint=f"{address}/api/v1/otlp", change=hurry) as stage,
        ):
            ask = partial(queried, client)
            await post(stage.scene, picked("completed", "enrolled", "scored"))
            await stage.until_effects(3)
            with trio.fail_after(PATIENCE_S):
                while not await ask(f"sum({DELIVERED}) >= 3"):
                    await trio.sleep(0.5)
            [told] = await ask('lmsyncd_deliveries_total{lane="campus/slack",state="delivered"}')
            assert told["metric"]["job"] == "lmsyncd"
            there = {name for name in (await client.get("/api/v1/label/__name__/values")).json()["data"]}
            known = {name for family in Metrics().families() for name in family.definition.series}
            assert there - known == {"target_info"}
            for family in Metrics().families():
                definition = family.definition
                if definition.series[0] not in there:
                    continue
                part = definition.series[-1] if isinstance(family, Histogram) else definition.exposed
                for one in await ask(part):
                    labels = one["metric"].keys() - {"__name__", "job", "instance"}
                    assert labels <= set(definition.keys), part
            assert {"http_client_request_duration_seconds_bucket", "process_cpu_time_seconds_total"} <= there
            assert await traces_of(client, "lmsyncd_propagation_seconds_bucket")
