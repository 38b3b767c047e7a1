"""The package that these tests install: made once, as ``make package`` makes it but for the slow packing."""

from pathlib import Path

import pytest
from machine import need
from packages import made


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package of this checkout, alone in its folder."""
    need("dpkg-deb", "debootstrap", "systemd-nspawn", "nsenter", "apt-get")
    return made(tmp_path_factory.mktemp("package"))
