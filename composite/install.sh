#!/usr/bin/env bash
# Install apo-ci from this checkout of the action, with every package at its locked hash, into a virtual environment.
# Usage: install.sh FOLDER      (environment: APO_CI_PYTHON, APO_CI_LOCAL_MODEL)
# Python runs isolated (-I): the workspace, which a pull request fills, is the current folder and must not be imported from.
set -euo pipefail
venv="$1"
source="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
interpreter="${APO_CI_PYTHON:-python3}"

if ! "$interpreter" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    echo "::error title=apo-ci needs Python 3.11 or newer::Put actions/setup-python before this step, or name an interpreter with the input python."
    exit 2
fi

locks=(--requirement "$source/requirements.lock")
if [ "${APO_CI_LOCAL_MODEL:-false}" = true ]; then locks+=(--requirement "$source/requirements-local.lock"); fi
state="$source $interpreter ${#locks[@]} $(cat "$source"/requirements*.lock "$source/pyproject.toml" | cksum)"
if [ -f "$venv/installed" ] && [ "$(cat "$venv/installed")" = "$state" ]; then exit 0; fi # an earlier step of this job did it

# Bytecode is compiled when it is needed: most modules never are.
pip=("$venv/bin/python" -I -m pip --disable-pip-version-check --quiet)
"$interpreter" -I -m venv --clear "$venv"
"${pip[@]}" install --no-compile --require-hashes --only-binary :all: --requirement "$source/requirements-build.lock"
"${pip[@]}" install --no-compile --require-hashes --no-build-isolation "${locks[@]}"
"${pip[@]}" install --no-compile --no-deps --no-build-isolation "$source"
printf '%s' "$state" > "$venv/installed"
