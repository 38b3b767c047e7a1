"""Signatures and encryption of SAML, by pysaml2 and the program xmlsec1. Everything here blocks: call it in a thread.

``examined`` is the whole way of a response. pysaml2 is asked for its opinion (signatures, times, audience, recipient)
after ours, which gives the reasons. It is given no metadata to read and no key in a file: only the certificates of the
one provider. What xmlsec1 says it has digested is read once more and compared with what was read here, so that two
parsers that understand one text differently come to light.
"""

import logging
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import msgspec

from daemon.gateway.sso.saml_assertion import Expected, Said, asked, said
from daemon.gateway.sso.saml_document import MESSAGE_BYTES_MAX, tree_of
from daemon.gateway.sso.saml_provider import MD, Provider, Unusable, metadata_tree, pem
from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.sso.saml_shape import DS, SAML, SAMLP, Shaped, shaped, signed

RUN_S_MAX = 10.0
"""How long one call of the program may take."""
DIGESTED_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
_FROM, _TO = b"== PreDigest data - start buffer:\n", b"\n== PreDigest data - end buffer"
_CLASSES = {
    f"{SAMLP}Response": "urn:oasis:names:tc:SAML:2.0:protocol:Response",
    f"{SAML}Assertion": "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
    f"{MD}EntityDescriptor": "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
    f"{MD}EntitiesDescriptor": "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor",
}
"""What xmlsec1 is told by which kind of element has an id."""


class NoProgram(Exception):
    """xmlsec1 cannot be run: nobody can sign on by SAML until it can."""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What a response is examined with. ``keys`` are ours, PEM, for what is encrypted."""

    xmlsec1: Path
    provider: Provider
    keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Means(provider={self.provider.entity_id!r})"


def examined(message: bytes, expected: Expected, means: Means) -> Said:
    """What a response says, once nothing speaks against it but that it may have been used before. Raises Refused and
    NoProgram."""
    shape = shaped(tree_of(message))
    asked(shape.response, expected)  # a stranger costs us no more than this
    runner = _Runner(means.xmlsec1)
    if shape.assertion is None:
        shape = shaped(tree_of(runner.opened(message, means.keys)))
        if shape.assertion is None:
            raise Refused(Reason.UNREADABLE)
    heard = said(shape, expected)
    _second_opinion(message, expected, means, runner)
    _same(shape, runner.digested)
    return heard


def is_there(program: Path) -> bool:
    """Whether xmlsec1 can be run."""
    try:
        _lax(program)
    except NoProgram:
        return False
    return True


def checked_metadata(metadata: bytes, certificate: bytes, program: Path) -> None:
    """Whether metadata are signed as a whole by the owner of this certificate (PEM). Raises Unusable, NoProgram."""
    root = metadata_tree(metadata)
    try:
        if not signed(root):
            raise Unusable("they are not signed, and metadata_certificate is configured")
        good = _Runner(program).verified(metadata, certificate, _CLASSES[root.tag], root.get("ID", ""))
    except Refused as refused:
        raise Unusable(refused.reason.value) from None
    if not good:
        raise Unusable("their signature was not made by the owner of metadata_certificate")


# ── xmlsec1 ──────────────────────────────────────────────────────────────────────────────────────────


class _Runner:
    """Runs the program. What it is given and what it gives is in memory only: keys and messages never lie on a disk.
    ``digested``: what it says each good signature was made over."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self.digested: list[bytes] = []

    def verified(self, message: bytes, certificate: bytes, node_name: str, node_id: str) -> bool:
        """Whether the signature in the node with this id was made with the key of this certificate (PEM)."""
        more = ["--enabled-reference-uris", "empty,same-doc", "--enabled-key-data", "raw-x509-cert"]
        more += ["--store-references", "--print-debug", "--id-attr:ID", node_name, "--node-id", node_id]
        with _in_memory(certificate) as trusted:
            done = self._run("--verify", [*more, "--pubkey-cert-pem", _path(trusted)], message, trusted)
        if done.returncode != 0:
            return False
        _, begun, rest = done.stdout.partition(_FROM)
        digested, ended, _ = rest.rpartition(_TO)
        if not (begun and ended) or len(digested) > DIGESTED_BYTES_MAX:
            raise Refused(Reason.OTHERWISE, "xmlsec1 does not say what is signed")
        self.digested.append(digested)
        return True

    def opened(self, message: bytes, keys: Sequence[str]) -> bytes:
        """The message with its encrypted part in clear, by the first key (PEM) that opens it. Raises Refused."""
        node = "http://www.w3.org/2001/04/xmlenc#:EncryptedKey"
        for key in keys:
            with _in_memory(key.encode()) as private, _in_memory(b"") as clear:
                more = ["--privkey-pem", _path(private), "--id-attr:Id", node, "--output", _path(clear)]
                if self._run("--decrypt", more, message, private, clear).returncode == 0:
                    os.lseek(clear, 0, os.SEEK_SET)
                    with os.fdopen(os.dup(clear), "rb") as text:
                        return text.read(MESSAGE_BYTES_MAX + 1)
        raise Refused(Reason.UNREADABLE)

    def _run(
        self, verb: str, arguments: Iterable[str], message: bytes, *handles: int
    ) -> "subprocess.CompletedProcess[bytes]":
        with _in_memory(message) as source:
            command = [str(self._program), verb, *_lax(self._program), *arguments, _path(source)]
            try:
                return subprocess.run(  # noqa: S603  # the configured program; what was sent is only in the file
                    command,
                    capture_output=True,
                    timeout=RUN_S_MAX,
                    check=False,
                    stdin=subprocess.DEVNULL,
                    pass_fds=(source, *handles),
                )
            except subprocess.TimeoutExpired:
                raise Refused(Reason.TOO_MUCH, "xmlsec1 did not come to an end") from None
            except OSError as error:
                raise NoProgram(f"{self._program}: {error.strerror or error}") from error


@contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """A file that has no name and lies in memory; a child that is given the descriptor opens it by ``_path``."""
    handle = os.memfd_create("lmsyncd-saml", os.MFD_CLOEXEC)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        yield handle
    finally:
        os.close(handle)


def _path(handle: int) -> str:
    return f"/dev/fd/{handle}"


@cache
def _lax(program: Path) -> tuple[str, ...]:
    """From version 1.3 on xmlsec1 does not look for a key by itself unless it is told to. Raises NoProgram."""
    try:
        told = subprocess.run(  # noqa: S603  # the configured program
            [program, "--version"], capture_output=True, timeout=RUN_S_MAX, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoProgram(f"{program}: it cannot be run") from error
    numbers = told.stdout.decode("ascii", "replace").split(" ")[1:2]
    parts = numbers[0].split(".") if numbers else []
    major, minor = [int(part) if part.isdecimal() else 0 for part in [*parts, "0", "0"][:2]]
    return ("--lax-key-search",) if (major, minor) >= (1, 3) else ()


# ── pysaml2 ──────────────────────────────────────────────────────────────────────────────────────────


def _second_opinion(message: bytes, expected: Expected, means: Means, runner: _Runner) -> None:
    """Raises Refused where pysaml2 would not let this one in."""
    from saml2 import SAMLError, sigver
    from saml2.response import AuthnResponse

    logging.getLogger("saml2").setLevel(logging.CRITICAL + 1)  # it logs whole messages
    context = sigver.SecurityContext(
        _backend(runner, means),
        metadata=_Keys(means.provider),
        only_use_keys_in_metadata=True,
        enc_key_files=[str(number) for number in range(len(means.keys))],  # names for ``decrypt`` below, no files
    )
    request_id = expected.request_id
    response = AuthnResponse(
        context,
        [],
        expected.entity_id,
        [expected.acs_url],
        {} if request_id is None else {request_id: "/"},
        timeslack=expected.skew_us // 1_000_000,
        allow_unsolicited=request_id is None and expected.allow_unsolicited,
        allow_unknown_attributes=True,
        want_assertions_signed=True,
    )
    try:
        heard = response.loads(message, decode=False).verify()
    except (Refused, NoProgram):
        raise
    except sigver.SigverError as error:
        raise Refused(Reason.SIGNATURE, type(error).__name__) from None
    except (SAMLError, Exception) as error:  # noqa: BLE001  # it raises bare Exceptions, too
        raise Refused(Reason.DISAGREED, type(error).__name__) from None
    if heard is None or heard.assertion is None:
        raise Refused(Reason.DISAGREED)


def _backend(runner: _Runner, means: Means) -> Any:
    """pysaml2's way to xmlsec1, which keeps what was digested, has deadlines, and asks for the version once."""
    from saml2 import sigver

    class Backend(sigver.CryptoBackend):  # type: ignore[misc]  # pysaml2 has no types
        def validate_signature(
            self, signedtext: str | bytes, cert_file: str, cert_type: str, node_name: str, node_id: str
        ) -> bool:
            text = signedtext.encode() if isinstance(signedtext, str) else signedtext
            return runner.verified(text, pem(means.provider.certificates[int(cert_file)]), node_name, node_id)

        def decrypt(self, enctext: str | bytes, key_file: str) -> str:
            text = enctext.encode() if isinstance(enctext, str) else enctext
            try:
                return runner.opened(text, [means.keys[int(key_file)]]).decode()
            except Refused:
                raise sigver.DecryptError from None  # then it tries the next key

    return Backend()


class _Named(NamedTuple):
    """What pysaml2 takes for an open file, and asks for its name alone: the number of a certificate."""

    name: str


class _Keys:
    """The provider's certificates, as pysaml2 asks its metadata for them."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def certs(self, entity_id: str, descriptor: str, use: str) -> list[tuple[None, _Named]]:
        if entity_id != self._provider.entity_id:
            raise KeyError(entity_id)
        return [(None, _Named(str(number))) for number in range(len(self._provider.certificates))]


# ── what was signed is what was read ─────────────────────────────────────────────────────────────────


def _same(shape: Shaped, digested: Sequence[bytes]) -> None:
    """Raises Refused unless the assertion that was read is the one whose signature was good."""
    assertion = shape.assertion
    if assertion is None:
        raise Refused(Reason.OTHERWISE)
    wanted = _plain(assertion)
    for text in digested:
        tree = tree_of(text, bytes_max=DIGESTED_BYTES_MAX)
        if tree.tag == assertion.tag and _plain(tree) == wanted:
            return
    raise Refused(Reason.OTHERWISE)


def _plain(element: Element, *, top: bool = True) -> tuple[object, ...]:
    """An element as nested tuples, without the signature that stands in it."""
    text = element.text or ""
    inner: list[object] = []
    for child in element:
        if top and child.tag == f"{DS}Signature":
            text, inner = _joined(text, inner, child.tail or "")
        else:
            inner += [_plain(child, top=False), child.tail or ""]
    return element.tag, tuple(sorted(element.attrib.items())), text, *inner


def _joined(text: str, inner: list[object], tail: str) -> tuple[str, list[object]]:
    """What stood behind a child that is taken away belongs to what stood before it."""
    if not inner:
        return text + tail, inner
    return text, [*inner[:-1], f"{inner[-1]}{tail}"]
