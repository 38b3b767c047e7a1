"""What is in the package: a bill of materials (CycloneDX) and the copyright file (DEP-5), from what was installed."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import Distribution
from pathlib import Path
from uuid import UUID, uuid5

from environment import MINOR, PROGRAM, TARGET, plain

_BILLS = UUID("0f3c9a52-7d35-4f0e-8a38-1f6f0c3a7b11")
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""What a distribution without a licence expression says of itself, as SPDX has it."""
WRITTEN = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "mit": "MIT",
    "mpl-2.0": "MPL-2.0",
}


def licence(one: Distribution) -> str:
    """The licence as an SPDX expression. Raises LookupError where it cannot be told."""
    said = one.metadata.get("License-Expression")
    if said:
        return str(said)
    text = str(one.metadata.get("License") or "").strip()
    if text.lower() in WRITTEN:
        return WRITTEN[text.lower()]
    heads = [line.rpartition(" :: ")[2] for line in one.metadata.get_all("Classifier") or () if "License ::" in line]
    known = [CLASSIFIERS[head] for head in heads if head in CLASSIFIERS]
    if known:
        return " OR ".join(dict.fromkeys(known))
    raise LookupError(f"{one.metadata['Name']} does not say its licence ({text[:60]!r}, {heads}): add it to bill.py")


def licence_files(one: Distribution) -> list[str]:
    """Where the installed package has the licence's text, beginning with /."""
    site = TARGET / "lib" / f"python{MINOR}" / "site-packages"
    names = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE)
    found = [str(file) for file in one.files or () if ".dist-info/" in str(file) and names.match(Path(str(file)).name)]
    return [f"{site}/{file}" for file in sorted(found)]


def holders(one: Distribution) -> str:
    """Who wrote it, as it says itself."""
    said = one.metadata.get("Author") or one.metadata.get("Author-email") or one.metadata.get("Maintainer")
    named = " ".join(str(said or f"the authors of {one.metadata['Name']}").split())
    return re.sub(r"\s*<[^>]*>", "", named).strip('"') or f"the authors of {one.metadata['Name']}"


def copyright_file(bundled: Sequence[Distribution], epoch_s: int) -> str:
    """Machine-readable copyright: the program, then each distribution by the files it owns."""
    year = datetime.fromtimestamp(epoch_s, UTC).year
    parts = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {PROGRAM}\n"
        "Comment: The program and the Python packages that it brings along. Licence texts of the latter lie beside\n"
        " them, as each stanza says; this list is made from what was installed.\n",
        f"Files: *\nCopyright: {year} the authors of {PROGRAM}\nLicense: Apache-2.0\n",
    ]
    used = {"Apache-2.0"}
    for one in bundled:
        if plain(one.metadata["Name"]) == PROGRAM:
            continue
        said = licence(one)
        used.add(said)
        owned = _owned(one)
        texts = licence_files(one) or ["(it brings no file; the name above says it all)"]
        parts.append(
            f"Files: {owned[0]}\n"
            + "".join(f" {path}\n" for path in owned[1:])
            + f"Copyright: {holders(one)}\nLicense: {said}\n"
            + f"Comment: {one.metadata['Name']} {one.version}\n"
            + "".join(f" {text}\n" for text in texts)
        )
    for name in sorted(used):
        where = "/usr/share/common-licenses/Apache-2.0" if name == "Apache-2.0" else "the files named above"
        parts.append(f"License: {name}\n On Debian systems the text is in {where}.\n")
    return "\n".join(parts)


def _owned(one: Distribution) -> list[str]:
    """The top folders and files of a distribution, as DEP-5 patterns."""
    site = str(TARGET / "lib" / f"python{MINOR}" / "site-packages").lstrip("/")
    tops = {Path(str(file)).parts for file in one.files or () if ".." not in Path(str(file)).parts}
    return sorted({f"{site}/{parts[0]}/*" if len(parts) > 1 else f"{site}/{parts[0]}" for parts in tops if parts})


def bill_of_materials(bundled: Sequence[Distribution], hashes: dict[str, str], version: str, epoch_s: int) -> object:
    """CycloneDX 1.6. ``hashes``: of the archives, by plain name. The same content has the same serial number."""
    components = [_component(one, hashes.get(plain(one.metadata["Name"]), "")) for one in bundled]
    [program] = [each for each in components if each["name"] == PROGRAM]
    program = program | {"type": "application", "version": version}
    refs = {plain(one.metadata["Name"]): _ref(one) for one in bundled}
    content = f"{version}\n{epoch_s}\n" + "\n".join(f"{ref} {hashes.get(name, '')}" for name, ref in refs.items())
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(_BILLS, content)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": program,
        },
        "components": [each for each in components if each["name"] != PROGRAM],
        "dependencies": [
            {"ref": _ref(one), "dependsOn": sorted(refs[name] for name in _needs(one) & refs.keys())} for one in bundled
        ],
    }


def _ref(one: Distribution) -> str:
    return f"pkg:pypi/{plain(one.metadata['Name'])}@{one.version}"


def _component(one: Distribution, sha256: str) -> dict[str, object]:
    said = licence(one)
    named = {"license": {"id": said}} if re.fullmatch(r"[A-Za-z0-9.+-]+", said) else {"expression": said}
    return {
        "type": "library",
        "bom-ref": _ref(one),
        "name": plain(one.metadata["Name"]),
        "version": one.version,
        "purl": _ref(one),
        "licenses": [named],
        **({"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}),
    }


def _needs(one: Distribution) -> set[str]:
    """Names of what it asks for on this platform or another; what is not bundled was not needed."""
    lines = [line for line in one.requires or () if "extra ==" not in line]
    return {plain(found[0]) for line in lines if (found := re.match(r"[\w.-]+", line))} - {plain(one.metadata["Name"])}
