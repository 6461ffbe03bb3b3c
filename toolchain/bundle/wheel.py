# SPDX-License-Identifier: MIT
"""pisdk-wheel.py WHEEL FOLDER: unpacks a wheel as a part of a bundle, with its .pisdk; see pisdk-env.

Prints its name and version. The format: https://packaging.python.org/specifications/binary-distribution-format/
"""
import base64
import configparser
import csv
import email
import hashlib
import importlib.metadata
import io
import os
import re
import sys
import zipfile

PACKAGES = "runtime/usr/lib/python3/dist-packages/"
RUNNER = """#!/bin/sh
# Starts a program with the Python of this release.
pisdk_bin=$(dirname "$(readlink -f "$0")") || exit 127
exec "$pisdk_bin/python3" "$pisdk_bin/../usr/bin/%s" "$@"
"""
ENTRY = """import sys
from %s import %s
sys.exit(%s())
"""


def fail(text):
    sys.exit("error: %s" % text)


def glibc():
    try:
        return tuple(map(int, os.confstr("CS_GNU_LIBC_VERSION").split()[1].split(".")[:2]))
    except (AttributeError, ValueError, OSError):
        return (0, 0)


def fits_python(tag, abi):
    """Made for this Python, or for any; with the stable ABI, for this one or an older one."""
    version = sys.version_info
    for one in tag.split("."):
        found = re.fullmatch(r"(py|cp)(\d)(\d*)", one)
        if not found or int(found[2]) != version.major:
            continue
        minor = int(found[3] or 0)
        if (one.startswith("py") or "abi3" in abi.split(".")) and minor <= version.minor:
            return True
        if minor == version.minor:
            return True
    return False


def fits_machine(platforms):
    for one in platforms.split("."):
        found = re.fullmatch(r"manylinux_(\d+)_(\d+)_armv7l", one)
        if one in ("any", "linux_armv7l", "linux_armv6l", "manylinux2014_armv7l"):
            return True
        if found and (int(found[1]), int(found[2])) <= glibc():
            return True
    return False


def fits_requirement(text):
    """Of Requires-Python, what wheels have: >=3.8,<4."""
    for comparison, version in re.findall(r"(>=|<=|<|>)\s*(\d+(?:\.\d+)*)", text or ""):
        wanted = tuple(map(int, version.split(".")))
        have = tuple(sys.version_info[:len(wanted)])
        if not {">=": have >= wanted, "<=": have <= wanted, "<": have < wanted, ">": have > wanted}[comparison]:
            return False
    return True


class Wheel:
    def __init__(self, path):
        self.name = os.path.basename(path)
        parts = self.name[:-len(".whl")].split("-")
        if len(parts) not in (5, 6):
            fail("%s is not the name of a wheel" % self.name)
        self.tags = parts[-3:]
        self.zip = zipfile.ZipFile(path)
        info = [n for n in self.zip.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
        if len(info) != 1:
            fail("%s is not a wheel: it has no METADATA" % self.name)
        self.info = os.path.dirname(info[0])
        self.metadata = email.message_from_bytes(self.zip.read(info[0]))

    def check(self):
        python, abi, platforms = self.tags
        if not fits_machine(platforms):
            fail("%s is for %s, not for armv7l" % (self.name, platforms.replace(".", ", ")))
        if not fits_python(python, abi) or not fits_requirement(self.metadata["Requires-Python"]):
            fail("%s is for another Python than this one, %d.%d" % (self.name, *sys.version_info[:2]))
        rows = csv.reader(io.StringIO(self.zip.read(self.info + "/RECORD").decode()))
        sums = {row[0]: row[1] for row in rows if len(row) > 1 and row[1].startswith("sha256=")}
        for name in self.files():
            said = sums.get(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(self.zip.read(name)).digest()).rstrip(b"=").decode()
            if said is not None and said != "sha256=" + found:
                fail("%s is damaged: %s" % (self.name, name))
            if said is None and name not in (self.info + "/RECORD", self.info + "/RECORD.jws", self.info + "/RECORD.p7s"):
                fail("%s is damaged: %s is not in its RECORD" % (self.name, name))

    def files(self):
        for name in self.zip.namelist():
            if name.startswith("/") or ".." in name.split("/") or re.search("[\\n\\\\]", name):
                fail("%s has a file with a name that leads elsewhere: %s" % (self.name, name))
            if not name.endswith("/"):
                yield name

    def tell_missing(self):
        for line in self.metadata.get_all("Requires-Dist") or []:
            needed = re.match(r"[A-Za-z0-9._-]+", line)
            if not needed or "extra" in line.partition(";")[2]:
                continue
            try:
                importlib.metadata.distribution(needed[0])
            except importlib.metadata.PackageNotFoundError:
                print("warning: %s needs %s, which is not here; pisdk-env adds its wheel, too" % (self.name, line),
                      file=sys.stderr)


class Part:
    """The files of the part; where each of them goes."""

    def __init__(self, folder):
        self.folder = folder
        self.files = []
        self.links = []

    def add(self, path, content, program=False):
        at = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(at), exist_ok=True)
        with open(at, "xb") as file:
            file.write(content)
        os.chmod(at, 0o755 if program else 0o644)
        self.files.append((hashlib.sha256(content).hexdigest(), path))

    def add_command(self, name, script):
        self.add("runtime/usr/bin/" + name, script, True)
        self.add("runtime/bin/" + name, (RUNNER % name).encode(), True)
        os.makedirs(os.path.join(self.folder, "bin"), exist_ok=True)
        os.symlink("../runtime/bin/" + name, os.path.join(self.folder, "bin", name))
        self.links.append("# l 777 bin/%s ../runtime/bin/%s" % (name, name))

    def write_manifest(self):
        folders = set()
        for _, path in self.files:
            while os.path.dirname(path):
                path = os.path.dirname(path)
                folders.add("# d 755 %s " % path)
        lines = sorted(folders) + self.links + ["%s  ./%s" % f for f in self.files]
        with open(os.path.join(self.folder, ".pisdk"), "w") as file:
            file.write("".join(line + "\n" for line in lines))


def unpack(wheel, part):
    data = wheel.info[:-len(".dist-info")] + ".data/"
    for name in wheel.files():
        content = wheel.zip.read(name)
        if not name.startswith(data):
            part.add(PACKAGES + name, content)
            continue
        kind, _, rest = name[len(data):].partition("/")
        if kind in ("purelib", "platlib"):
            part.add(PACKAGES + rest, content)
        elif kind == "scripts":
            part.add_command(rest, content)
        elif kind == "data":
            part.add("runtime/usr/" + rest, content)
    entries = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    entries.optionxform = str
    if wheel.info + "/entry_points.txt" in wheel.zip.namelist():
        entries.read_string(wheel.zip.read(wheel.info + "/entry_points.txt").decode())
    for name, value in entries["console_scripts"].items() if "console_scripts" in entries else ():
        found = re.fullmatch(r"([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?", value)
        if not found or "/" in name:
            fail("%s has a command that cannot be: %s" % (wheel.name, name))
        function = found[2]
        part.add_command(name, (ENTRY % (found[1], function.split(".")[0], function)).encode())
    part.write_manifest()


def main(path, folder):
    try:
        wheel = Wheel(path)
        wheel.check()
        unpack(wheel, Part(folder))
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, EOFError, OSError, ValueError) as problem:
        fail("cannot install %s: %s" % (os.path.basename(path), problem))
    wheel.tell_missing()
    print(re.sub(r"[-_.]+", "-", wheel.metadata["Name"]).lower(), wheel.metadata["Version"])


if __name__ == "__main__":
    main(*sys.argv[1:])
