# SPDX-License-Identifier: MIT
"""A small signed Debian repository, made from nothing: packages, indexes, Release files.

The packages are built member by member, so that hostile ones can be made as well.
"""

import functools
import gzip
import hashlib
import io
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

ARCH = "armhf"
TRIPLE = "arm-linux-gnueabihf"


class Keyring:
    """A GnuPG home with one signing key."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="pisdk-gpg-"))
        self.gpg("--quick-generate-key", "Test <test@example.invalid>", "ed25519", "sign", "never")
        self.public = self.home / "public.gpg"
        self.public.write_bytes(self.gpg("--export"))

    def gpg(self, *args, data=None):
        return subprocess.run(
            ["gpg", "--homedir", self.home, "--batch", "--quiet", "--no-tty", "--yes",
             "--pinentry-mode", "loopback", "--passphrase", "", *args],
            input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
        ).stdout

    def sign(self, text):
        return self.gpg("--clearsign", data=text.encode()).decode()

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False,
                       capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)


def member(path, data=b"", kind="file", link="", mode=0o644, mtime=1_600_000_000):
    """One member of a data.tar."""
    info = tarfile.TarInfo(path)
    info.mtime = mtime
    info.mode = mode
    info.type = {
        "file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "fifo": tarfile.FIFOTYPE,
    }[kind]
    info.linkname = link
    data = data.encode() if isinstance(data, str) else data
    info.size = len(data) if kind == "file" else 0
    return info, data


def ar(members):
    out = [b"!<arch>\n"]
    for name, data in members:
        out.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode())
        out.append(data + (b"\n" if len(data) % 2 else b""))
    return b"".join(out)


def deb(members, compression="xz"):
    """A .deb whose data.tar has just these members."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    pack = {"xz": lambda b: lzma.compress(b, preset=0), "gz": gzip.compress, "": lambda b: b}
    suffix = "." + compression if compression else ""
    return ar([("debian-binary", b"2.0\n"), ("control.tar", b""),
               ("data.tar" + suffix, pack[compression](tar.getvalue()))])


def sparse(path, size, tail):
    """A tar of one member, which is a hole but for `tail` bytes at its end (GNU's sparse format 1.0)."""
    content = (f"1\n{size - tail}\n{tail}\n".encode()).ljust(512, b"\0") + b"x" * tail
    info = tarfile.TarInfo("./GNUSparseFile.0/" + path.rsplit("/", 1)[-1])
    info.size = len(content)
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": path,
                        "GNU.sparse.realsize": str(size)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tarball(files):
    """A .tar.gz of texts by path; scripts are programs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in files.items():
            info, data = member(path, text, mode=0o755 if text.startswith("#!") else 0o644)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def paragraphs(items):
    return "\n".join("".join(f"{key}: {value}\n" for key, value in item.items()) for item in items)


@functools.lru_cache(maxsize=None)
def library(soname, needed=""):
    """A tiny ARM shared library, linked by Clang."""
    clang = next((c for c in ["clang", *(f"clang-{n}" for n in range(14, 40))] if shutil.which(c)))
    with tempfile.TemporaryDirectory() as directory:
        def link(name, text, *libraries):
            out = os.path.join(directory, name)
            subprocess.run(
                [clang, f"--target={TRIPLE}", "-nostdlib", "-shared", "-fuse-ld=lld", "-x", "c",
                 "-", "-x", "none", *libraries, f"-Wl,-soname,{name}", "-Wl,--no-as-needed",
                 "-o", out],
                input=text, text=True, check=True)
            return out
        libraries = [link(needed, "int needed(void) { return 1; }")] if needed else []
        return Path(link(soname, "int f(void) { return 0; }", *libraries)).read_bytes()


class Repository:
    """Files below `root` as a mirror has them; `publish` writes the indexes and signs them."""

    def __init__(self, root, keyring, suite="test"):
        self.root, self.keyring, self.suite = Path(root), keyring, suite
        self.packages, self.sources = [], []

    def add_source(self, name, files, version="1.0", debian=None):
        """A source package: NAME-VERSION/ with these files, and debian/ with those."""
        paragraph = {"Package": name, "Version": version, "Directory": f"pool/main/{name}"}
        sums = []
        for kind, content, folder in (("orig", files, f"{name}-{version}"),
                                      ("debian", debian or {}, "debian")):
            data = tarball({f"{folder}/{path}": text for path, text in content.items()})
            base = f"{name}_{version}.{kind}.tar.gz"
            path = self.root / paragraph["Directory"] / base
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            sums.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {base}")
        paragraph["Checksums-Sha256"] = "\n" + "\n".join(sums)
        self.sources.append(paragraph)

    def add(self, name, members=(), version="1.0", data=None, arch=ARCH, **fields):
        """Fields as in Packages, with _ for -: Depends="a, b"."""
        content = data if data is not None else deb(members)
        filename = f"pool/main/{name}_{version.replace(':', '%3a')}_{arch}.deb"
        path = self.root / filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paragraph = {
            "Package": name, "Version": version, "Architecture": arch,
            "Maintainer": "Test <test@example.invalid>", "Installed-Size": "1",
            **{key.replace("_", "-"): value for key, value in fields.items()},
            "Filename": filename, "Size": str(len(content)),
            "SHA256": hashlib.sha256(content).hexdigest(), "Description": name,
        }
        self.packages.append(paragraph)
        return path

    def publish(self, valid_for=None, by_hash=True, keyring=None, suite=None, packages_text=None,
                age=0):
        dist = self.root / "dists" / self.suite
        archs = sorted({ARCH, *(p["Architecture"] for p in self.packages)} - {"all"})
        of_arch = {arch: paragraphs([p for p in self.packages if p["Architecture"] in (arch, "all")])
                   for arch in archs}
        indexes = {**{f"main/binary-{arch}/Packages": text for arch, text in of_arch.items()},
                   **({f"main/binary-{ARCH}/Packages": packages_text} if packages_text else {}),
                   **({"main/source/Sources": paragraphs(self.sources)} if self.sources else {})}
        sums = []
        for name, text in reversed(indexes.items()):
            folder = (dist / name).parent
            content = lzma.compress(text.encode())
            digest = hashlib.sha256(content).hexdigest()
            self.index = (folder / "by-hash/SHA256" / digest if by_hash
                          else folder / f"{Path(name).name}.xz")
            self.index.parent.mkdir(parents=True, exist_ok=True)
            self.index.write_bytes(content)
            sums.append(f" {digest} {len(content)} {name}.xz")
        date = "%a, %d %b %Y %H:%M:%S UTC"
        lines = [
            "Origin: Test", f"Suite: {suite or self.suite}", f"Codename: {suite or self.suite}",
            "Date: " + time.strftime(date, time.gmtime(time.time() - age)),
            f"Architectures: {' '.join(archs)}", "Components: main",
            *(["Acquire-By-Hash: yes"] if by_hash else []),
        ]
        if valid_for is not None:
            lines.append("Valid-Until: " + time.strftime(date, time.gmtime(time.time() + valid_for)))
        lines += ["SHA256:", *sums, ""]
        self.inrelease = dist / "InRelease"
        self.inrelease.write_text((keyring or self.keyring).sign("\n".join(lines)))

    def recipe(self, path, wanted, provided="", extra="", more_suites=()):
        Path(path).write_text(
            f"[release]\ntitle = Test\narch = {ARCH}\ntriple = {TRIPLE}\n\n"
            f"[origin test]\nsuites = {' '.join([self.suite, *more_suites])}\ncomponents = main\n"
            f"keyring = {self.keyring.public}\n\n"
            f"[packages]\nwanted = {wanted}\n" + (f"provided = {provided}\n" if provided else "")
            + "\n" + extra)
        return path
