"""Take out of an image's site-packages what apo-ci never loads there. Used by the Dockerfile alone.

Usage: python trim_packages.py SITE_PACKAGES

SciPy and NumPy are two thirds of what is installed, and apo-ci asks SciPy for six functions of `scipy.special`. Files
are removed, never changed, but for the debugging symbols of small extension modules (`strip`). The build imports all of
apo-ci afterwards, and `tests/e2e/test_image.py` compares figures from inside the image with those outside.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SCIPY_PARTS = frozenset({"_external", "_lib", "linalg", "special"})  # `scipy.special` loads the others of these
SCIPY_UNUSED = (
    "scipy/special/cython_special*.so",
    "scipy/special/_test_internal*.so",
    "scipy/linalg/_matfuncs_schur_sqrtm*.so",
)
UNUSED_FOLDERS = ("numpy/f2py/src", "numpy/_core/include", "numpy/random/_examples", "scipy/linalg/src")
UNUSED_FILES = ("*.pyi", "*.pxd", "*.pyx", "*.h", "*.c", "*.cpp", "*.a", "*_tests.*.so", "*_testcapi.*.so")
TEST_FOLDERS = frozenset({"test", "tests"})
VENDORED = "*.libs"  # patched by auditwheel, which `strip` would damage


def main(site_packages: Path) -> None:
    """Remove what is not used and say what it came to."""
    before = size(site_packages)
    for path in unused(site_packages):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for extension in site_packages.rglob("*.so"):
        if not any(parent.match(VENDORED) for parent in extension.parents):
            subprocess.run(["strip", "--strip-unneeded", str(extension)], check=True)
    sys.stdout.write(f"site-packages: {before / 1e6:.0f} MB before, {size(site_packages) / 1e6:.0f} MB after\n")


def unused(site_packages: Path) -> Iterator[Path]:
    """Files and folders that can go."""
    for part in (site_packages / "scipy").iterdir():
        if part.is_dir() and part.name not in SCIPY_PARTS:
            yield part
    for pattern in SCIPY_UNUSED:
        yield from site_packages.glob(pattern)
    for folder in UNUSED_FOLDERS:
        if (site_packages / folder).is_dir():
            yield site_packages / folder
    for path in sorted(site_packages.rglob("*")):
        is_test = path.is_dir() and path.name in TEST_FOLDERS
        if is_test or (path.is_file() and any(path.match(pattern) for pattern in UNUSED_FILES)):
            yield path


def size(folder: Path) -> int:
    """Bytes of the files below `folder`."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
