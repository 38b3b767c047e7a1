"""``make conform SUITE=…``: the public xAPI conformance suite against a real daemon, in a directory of its own.

The suite is somebody else's and not part of this project: a checkout with its packages installed (Node.js, ``npm ci``)
is named on the command line. Its exit code counts failures and wraps at 256, and a test whose preparation fails is
never counted, so that only its log is believed: what passed must be all there is.

Both versions are run one after the other, on one database, by one tenant; in between the daemon is started anew,
because for requests without a version the suites want to be answered in their own (``xapi_fallback_version``).
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import trio

from daemon.demo.stage import Process, asking, free_port

VERSIONS = ("1.0.3", "2.0.0")
KEY, SECRET = "suite", "a-secret-for-an-hour"  # the run's own, on a loopback address
WARM_UP = 20
LOG_CHARS_MAX = 3000
RUN_S_MAX = 3600.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the suite's own log says of one run; ``failures`` are texts for people."""

    total: int
    passed: int
    failures: list[str]

    @property
    def green(self) -> bool:
        return self.total > 0 and self.passed == self.total and not self.failures


def configure(root: Path, port: int, version: str) -> None:
    """A tenant with one source, which takes each statement as a new one, and one credential, which may do all."""
    (root / "tenants.d").mkdir(exist_ok=True)
    secret = root / "secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET + "\n", encoding="utf-8")
    (root / "lmsyncd.toml").write_text(
        f'[gateway]\nlisten = ["127.0.0.1:{port}"]\n[control]\nsocket = "{root}/control.sock"\n', encoding="utf-8"
    )
    (root / "tenants.d" / "suite.toml").write_text(
        f"""\
timezone = "UTC"
xapi_fallback_version = "{version}"
[sources.suite]
kind = "xapi"
dedupe = false
credentials = [{{ key = "{KEY}", secret = {{ file = "{secret}" }}, scopes = ["all"] }}]
""",
        encoding="utf-8",
    )


async def run(suite: Path, root: Path, version: str, grep: str | None) -> Result:
    """One version of the suite against a daemon that is started for it and ended after it."""
    port = free_port()
    configure(root, port, version)
    daemon = Process("daemon", ["-m", "daemon.cli.lmsyncd", "run", "--config", str(root)], root / "daemon.log")
    daemon.start()
    try:
        await daemon.until(f"http://127.0.0.1:{port}/readyz")
        endpoint = f"http://127.0.0.1:{port}/t/suite/xapi"
        await _warm_up(endpoint, version)
        words = ["-e", endpoint, "-a", "-u", KEY, "-p", SECRET, "-x", version, "-z", *(["-g", grep] if grep else [])]
        with trio.fail_after(RUN_S_MAX):
            told = await trio.run_process(
                ["node", "bin/console_runner.js", *words],
                cwd=suite,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
    finally:
        code = await daemon.end()
    output = (told.stdout + told.stderr).decode(errors="replace")
    (root / f"suite-{version}.out").write_text(output, encoding="utf-8")
    written = re.search(r"^Full run log written to (.+)$", output, re.MULTILINE)
    if written is None:
        raise SystemExit(f"the suite wrote no log; its output ends:\n{output[-2000:]}")
    result = read(Path(written[1].strip()))
    if code != 0:
        result.failures.append(f"the daemon ended with {code}; see {daemon.log}")
    return result


async def _warm_up(endpoint: str, version: str) -> None:
    """The suite measures the first answers; a process that has just started would be slower than it will be."""
    headers = {"X-Experience-API-Version": version}
    async with asking(20) as client:
        for _ in range(WARM_UP):
            answer = await client.get(f"{endpoint}/statements", headers=headers, auth=httpx.BasicAuth(KEY, SECRET))
            answer.raise_for_status()


def read(log: Path) -> Result:
    """A log of the suite, as its console runner writes it."""
    record = msgspec.json.decode(log.read_bytes())
    summary = record["summary"]
    failures = list(_failures(record.get("log") or {}, ()))
    if record["state"] != "finished":
        failures.append(f"the run is {record['state']}")
    return Result(total=summary["total"] or 0, passed=summary["passed"] or 0, failures=failures)


def _failures(entry: dict[str, Any], above: tuple[str, ...]) -> Iterator[str]:
    """What failed, from the leaves: where, by which requirement, why, and what was said on the line."""
    path = (*above, entry.get("title") or "")
    inner = [text for test in entry.get("tests") or () for text in _failures(test, path)]
    yield from inner
    if entry.get("error"):
        said = re.sub(r"\n{2,}", "\n", entry.get("log") or "")
        where = "\n  ".join(part for part in path if part)
        yield f"{where}\n  requirement: {entry.get('requirement')}\n  error: {entry['error']}\n{said[-LOG_CHARS_MAX:]}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conform", description=__doc__)
    parser.add_argument("suite", type=Path, help="a checkout of the suite, its packages installed")
    parser.add_argument("--version", choices=VERSIONS, help="only this one; both in sequence otherwise")
    parser.add_argument("--grep", help="only tests whose titles match")
    parser.add_argument("--keep", type=Path, help="work in this directory and leave it")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lmsyncd-conform-") as folder:
        root: Path = given.keep or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        green = True
        for version in (given.version,) if given.version else VERSIONS:
            result = trio.run(run, given.suite.absolute(), root.absolute(), version, given.grep)
            for number, failure in enumerate(result.failures, 1):
                print(f"── {version}, failure {number} {'─' * 60}\n{failure}\n")
            print(f"xAPI {version}: {result.passed} of {result.total} passed", flush=True)
            green = green and result.green
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
