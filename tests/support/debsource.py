# SPDX-License-Identifier: MIT
"""Source packages of Debian, as apt would get them: from the desktop's Debian mirror, and checked.

InRelease is signed by one of the keys in sysroot-scripts/keyrings, and has the hash of Sources.xz,
which has the hashes of a package's files. The mirror is PISDK_MIRROR, or what the desktop's apt is
configured for. PISDK_TEST_CACHE may name a folder that keeps what was downloaded. It needs gpgv,
and dpkg-dev for patched sources.
"""

import contextlib
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In the repository; and where tests/emulator/setup puts the tests.
KEYRINGS = (HERE.parents[1] / "sysroot-scripts/keyrings", HERE.parent / "emulator/keyrings")
CODENAMES = ("bullseye", "bookworm", "trixie", "forky", "duke", "stable", "oldstable", "testing",
             "unstable", "sid", "oldoldstable")
DISABLED = ("no", "false", "off", "disable", "without")


class Unavailable(Exception):
    """There is no mirror, it cannot be reached, or it has no such package."""


def mirrors():
    """What pisdk would use: PISDK_MIRROR, or Debian's archives in the configuration of apt."""
    if os.environ.get("PISDK_MIRROR"):
        return [os.environ["PISDK_MIRROR"].rstrip("/")]
    etc = Path(os.environ.get("PISDK_APT_DIR", "/etc/apt"))
    parts = etc / "sources.list.d"
    files = [etc / "sources.list", *(sorted(parts.iterdir()) if parts.is_dir() else [])]
    found = []
    for file in files:
        parse = {".list": one_line_sources, ".sources": deb822_sources}.get(file.suffix)
        with contextlib.suppress(OSError, UnicodeDecodeError):
            found += parse(file.read_text()) if parse else []
    known = dict.fromkeys(uri.rstrip("/") for uri in found)
    return [uri for uri in known if re.match(r"https?://|file:/", uri)]


def one_line_sources(text):
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)\s+(.*)", line.split("#")[0])
        if match and match[2] in CODENAMES and "main" in match[3].split():
            yield match[1]


def deb822_sources(text):
    text = "".join(line for line in text.splitlines(True) if not line.startswith("#"))
    for fields in paragraphs(text):
        words = {name.lower(): value.split() for name, value in fields.items()}
        if ("deb" in words.get("types", []) and "main" in words.get("components", [])
                and not set(words.get("suites", [])).isdisjoint(CODENAMES)
                and "".join(words.get("enabled", [])).lower() not in DISABLED):
            yield from words.get("uris", [])


def paragraphs(text):
    """Field names to values; a long value keeps its line ends."""
    for block in re.split(r"\n[ \t]*\n", text):
        pairs = re.findall(r"^([^\s:]+):[ \t]*(.*(?:\n[ \t].*)*)", block, re.MULTILINE)
        if pairs:
            yield dict(pairs)


def files_of(value):
    """Lines of `hash size path`, as a mapping of paths to (hash, size)."""
    rows = (line.split() for line in value.splitlines() if line.strip())
    return {path: (digest, int(size)) for digest, size, path in rows}


def signed_text(inrelease):
    """The text of an InRelease file, when a key of ours signed it."""
    keyring = next(folder for folder in KEYRINGS if folder.is_dir()) / "debian.gpg"
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, "InRelease"), Path(folder, "text")
        file.write_bytes(inrelease)
        done = subprocess.run(
            ["gpgv", "--homedir", folder, "--keyring", keyring, "--status-fd", "1",
             "--output", out, file], capture_output=True, text=True)
        status = re.findall(r"^\[GNUPG:\] (\w+)", done.stdout, re.MULTILINE)
        # A signature by an unknown key makes gpgv fail; one good signature is enough.
        if "VALIDSIG" not in status or "BADSIG" in status:
            raise AssertionError(f"InRelease has no good signature\n{done.stderr}")
        return out.read_text()


def download(url, size):
    with urllib.request.urlopen(url, timeout=60) as answer:
        data = answer.read(size + 1)
    if len(data) > size:
        raise OSError(f"{url} has more than {size} bytes")
    return data


def checked(urls, digest, size):
    """The path of a file with this hash: in the cache, or downloaded to there."""
    file = cache() / digest
    if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest:
        return file
    failures = []
    for url in urls:
        try:
            data = download(url, size)
        except OSError as error:
            failures.append(f"{url}: {error}")
            continue
        if hashlib.sha256(data).hexdigest() == digest:
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as new:
                new.write(data)
            os.replace(new.name, file)
            return file
        failures.append(f"{url}: wrong hash")
    raise Unavailable("; ".join(failures))


def cache():
    global _cache
    if os.environ.get("PISDK_TEST_CACHE"):
        folder = Path(os.environ["PISDK_TEST_CACHE"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    if not _cache:
        _cache = tempfile.TemporaryDirectory(prefix="pisdk-debsource-")
    return Path(_cache.name)


_cache = None
_indexes = {}


def index(release):
    """The mirror and the text of its Sources file."""
    if release not in _indexes:
        failures = []
        for mirror in mirrors():
            suite = f"{mirror}/dists/{release}"
            try:
                text = signed_text(download(f"{suite}/InRelease", 4 << 20))
                fields = next(paragraphs(text))
                if release not in (fields.get("Suite"), fields.get("Codename")):
                    raise AssertionError(f"{suite}/InRelease is not of {release}")
                digest, size = files_of(fields["SHA256"])["main/source/Sources.xz"]
                file = checked([f"{suite}/main/source/by-hash/SHA256/{digest}",
                                f"{suite}/main/source/Sources.xz"], digest, size)
                _indexes[release] = mirror, lzma.decompress(file.read_bytes()).decode()
                break
            except (OSError, Unavailable) as error:
                failures.append(f"{mirror}: {error}")
        else:
            raise Unavailable("; ".join(failures) or "no Debian mirror in the apt configuration")
    return _indexes[release]


def fetch(package, release, folder, upstream=False):
    """Unpacks the source package into `folder` and returns its path.

    With Debian's patches; `upstream` is without them, as the authors published it.
    """
    mirror, sources = index(release)
    found = re.search(rf"^Package: {re.escape(package)}\n(?:.+\n)*", sources, re.MULTILINE)
    if not found:
        raise Unavailable(f"{release} has no source package {package}")
    fields = next(paragraphs(found[0]))
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{package}-{fields['Version'].split(':')[-1]}"
    with tempfile.TemporaryDirectory(dir=folder) as parts:
        for name, (digest, size) in files_of(fields["Checksums-Sha256"]).items():
            if upstream and not re.search(r"\.orig\.tar\.\w+$", name):
                continue
            file = checked([f"{mirror}/{fields['Directory']}/{name}"], digest, size)
            shutil.copyfile(file, Path(parts, name))
        if upstream:
            tarball, = Path(parts).glob("*.orig.tar.*")
            target.mkdir()
            command = ["tar", "-x", "--no-same-owner", "--strip-components=1", "-C", target,
                       "-f", tarball]
        else:
            # Its own signature is of a developer whom we do not know; the archive vouches for it.
            dsc, = Path(parts).glob("*.dsc")
            command = ["dpkg-source", "--no-check", "--no-copy", "-x", dsc, target]
        subprocess.run(command, check=True, capture_output=True)
    return target
