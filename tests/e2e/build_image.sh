#!/usr/bin/env bash
# Build the image of the action as IMAGE with buildah. BASE in the environment is the base image; without it, the Dockerfile's own
# when this machine holds or reaches it, and a stand-in otherwise.
# Usage: build_image.sh IMAGE      (in the repository's root)
set -euo pipefail
image="$1"
own="$(sed -n 's/^ARG BASE=//p' Dockerfile)"
stand_in=localhost/apo-ci-base:stand-in
base="${BASE:-}"
if [ -z "$base" ]; then
    base="$own"
    if ! buildah inspect --type image "$own" > /dev/null 2>&1 && ! timeout 60 buildah pull --quiet "$own" > /dev/null 2>&1; then
        echo "$own cannot be had here: building on a stand-in."
        if ! buildah inspect --type image "$stand_in" > /dev/null 2>&1; then bash tests/e2e/stand_in_base.sh "$stand_in"; fi
        base="$stand_in"
    fi
fi

settings="$(mktemp)"
trap 'rm -f "$settings"' EXIT
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > "$settings" # this machine's certificates, also a proxy's
buildah bud --isolation chroot --network host --pull-never --layers \
    --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "$settings:/etc/pip.conf:ro" \
    --build-arg "BASE=$base" --tag "$image" .
buildah tag "$base" localhost/apo-ci-base:under-test # what the tests run jobs in
