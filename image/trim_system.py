"""Take out of the image's Debian and Python what no run of apo-ci uses. Used by the Dockerfile alone, inside the image.

Kept are the packages of KEPT, those that own a shared library which git, a kept program, Python or an installed package
is linked with, and nothing else: no perl (git's rarer commands), package manager, account or disk tools, documentation.
dpkg's own records are cut to what is left, so that scanners report exactly that.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

KEPT = frozenset(
    {"base-files", "base-passwd", "ca-certificates", "coreutils", "dash", "git", "libc-bin", "libc6", "netbase"}
)
DPKG = Path("/var/lib/dpkg")
GIT_PROGRAMS = frozenset({"git", "git-remote-http", "git-remote-https"})  # what reading and fetching need
PYTHON_UNUSED = (
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "tkinter",
    "turtledemo",
    "turtle.py",
    "test",
    "config-*",
)
INSTALLERS = (
    "pip",
    "pip-*",
    "setuptools",
    "setuptools-*",
    "wheel",
    "wheel-*",
    "_distutils_hack",
    "distutils-precedence.pth",
)
UNUSED = (
    *(
        "/usr/share/doc",
        "/usr/share/man",
        "/usr/share/info",
        "/usr/share/locale",
        "/usr/share/lintian",
        "/usr/share/perl5",
    ),
    *("/usr/share/bash-completion", "/usr/share/gitweb", "/usr/share/git-core/contrib", "/usr/lib/*/gconv"),
    *("/usr/bin/scalar", "/usr/bin/git-shell", "/usr/lib/python3/dist-packages"),
    *("/var/lib/apt", "/var/cache", "/var/log", "/usr/local/bin/pip*", "/usr/local/bin/idle*", "/usr/local/bin/pydoc*"),
)


def main() -> None:
    """Remove, cut dpkg's records, and say what is left."""
    owners = {path: package for package in packages() for path in files(package)}
    standard = Path(sysconfig.get_path("stdlib"))
    used = {*libraries(programs(owners)), *standard.rglob("*"), Path(sys.executable).resolve()}
    kept = KEPT | {package.split(":")[0] for package in owners_of(used, owners)}
    gone = [package for package in packages() if package.split(":")[0] not in kept]
    for package in gone:
        remove(path for path in files(package) if not path.is_dir())
        remove(path for path in DPKG.glob(f"info/{package}.*") if path.stem == package)
    status = DPKG / "status"
    status.write_text("".join(entries(status.read_text(), kept)))
    remove(path for path in Path("/usr/lib/git-core").iterdir() if path.is_file() and path.name not in GIT_PROGRAMS)
    remove(found for pattern in PYTHON_UNUSED for found in standard.glob(pattern))
    remove(found for pattern in INSTALLERS for found in (standard / "site-packages").glob(pattern))
    remove(found for pattern in UNUSED for found in Path("/").glob(pattern.lstrip("/")))
    sys.stdout.write(f"{len(gone)} packages removed; kept: {' '.join(sorted(kept))}\n")


def packages() -> list[str]:
    """The installed packages as dpkg names their records (`libc6:amd64`)."""
    return sorted(path.name.removesuffix(".list") for path in DPKG.glob("info/*.list"))


def files(package: str) -> list[Path]:
    """The paths of a package, with `/lib` and `/bin` resolved to where they lie."""
    lines = (DPKG / "info" / f"{package}.list").read_text().splitlines()
    return [Path(line).parent.resolve() / Path(line).name for line in lines if line.startswith("/") and line != "/."]


def programs(owners: dict[Path, str]) -> Iterator[Path]:
    """Everything executable that stays: kept packages, git's programs, Python and what is installed."""
    for path, package in owners.items():
        used = path.parent.name != "git-core" or path.name in GIT_PROGRAMS
        if package.split(":")[0] in KEPT and used and path.is_file():
            yield path
    for folder in (Path("/usr/local"), Path("/opt"), Path(sysconfig.get_path("stdlib"))):
        yield from (path for path in folder.rglob("*") if path.is_file())


def libraries(paths: Iterable[Path]) -> set[Path]:
    """The shared libraries that `paths` are linked with, found as the loader finds them."""
    linked = [str(path) for path in paths if is_elf(path)]
    shown = subprocess.run(["ldd", *linked], capture_output=True, text=True, check=False).stdout
    return {Path(found).resolve() for found in re.findall(r"(?:=> |^\t)(/\S+) \(0x", shown, re.MULTILINE)}


def is_elf(path: Path) -> bool:
    """Whether `path` is a program or a shared library."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def owners_of(paths: Iterable[Path], owners: dict[Path, str]) -> set[str]:
    """The packages that own `paths`."""
    return {owners[path] for path in paths if path in owners}


def entries(status: str, kept: frozenset[str]) -> Iterator[str]:
    """The paragraphs of dpkg's status file that are about `kept` packages."""
    for entry in re.split(r"(?<=\n)\n", status):
        if entry.split("\n", 1)[0].removeprefix("Package: ") in kept:
            yield entry.rstrip("\n") + "\n\n"


def remove(paths: Iterable[Path]) -> None:
    """Delete files, links and folders."""
    for path in list(paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
