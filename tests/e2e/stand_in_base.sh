#!/usr/bin/env bash
# A stand-in for docker.io/library/python:3.12-slim, for machines that reach no image registry: Debian without extras, and
# in /usr/local a CPython of this machine, cut as the official image cuts it (no tests, no bytecode, no symbols).
# Without a CPython that can be moved, Debian's own.
# Usage: stand_in_base.sh IMAGE     (needs buildah and mmdebstrap; PYTHON=path/to/python3.12 chooses the CPython)
set -euo pipefail
image="$1"
folder="$(mktemp -d)"
container=""
cleanup() {
    if [ -n "$container" ]; then buildah rm "$container" > /dev/null; fi
    rm -rf "$folder"
}
trap cleanup EXIT

for python in "${PYTHON:-}" python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3.12 python3; do
    if [ -n "$python" ] && "$python" -I -c 'import ssl, sqlite3' 2> /dev/null; then break; fi
done
prefix="$("$python" -I -c 'import sys; print(sys.base_prefix)')"
version="$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
libraries="usr-is-merged,ca-certificates,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,libuuid1,zlib1g,netbase,tzdata"
if [ "$prefix" = /usr ]; then libraries="$libraries,python3-venv,python3-pip"; fi
mmdebstrap --quiet --variant=minbase --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="$libraries" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$folder/base.tar"

container="$(buildah from scratch)"
buildah add --quiet "$container" "$folder/base.tar" / > /dev/null
root="$(buildah mount "$container")"
if [ "$prefix" = /usr ]; then
    ln -s "$(chroot "$root" readlink -f /usr/bin/python3)" "$root/usr/local/bin/python"
else
    mkdir -p "$root/usr/local/bin" "$root/usr/local/lib"
    cp "$prefix/bin/python$version" "$root/usr/local/bin/"
    cp -P "$prefix"/lib/libpython"$version".so* "$root/usr/local/lib/" 2> /dev/null || true
    tar -C "$prefix/lib" --exclude=__pycache__ --exclude=test --exclude=tests --exclude='libpython*.a' --exclude='site-packages/*' \
        -cf - "python$version" | tar -C "$root/usr/local/lib" -xf -
    find "$root/usr/local" -type f \( -name '*.so*' -o -name "python$version" \) -exec strip --strip-unneeded {} + 2> /dev/null || true
    ln -s "python$version" "$root/usr/local/bin/python3"
    ln -s python3 "$root/usr/local/bin/python"
    ldconfig -r "$root"
    chroot "$root" /usr/local/bin/python -m ensurepip > /dev/null
    find "$root/usr/local" -name __pycache__ -prune -exec rm -rf {} +
fi
buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 --cmd python3 "$container"
buildah umount "$container" > /dev/null
buildah commit --quiet "$container" "$image" > /dev/null
