#!/usr/bin/env bash
# Refuse a version that is not pyproject.toml's, or that was released before.
# Environment: VERSION, GITHUB_REPOSITORY, GH_TOKEN.
set -euo pipefail
if ! [[ "$VERSION" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    echo "::error::The version must look like 1.2.3."
    exit 2
fi
if ! grep -qx "version = \"$VERSION\"" pyproject.toml; then
    echo "::error::pyproject.toml has another version: change it on main first."
    exit 2
fi
if gh api --silent "repos/$GITHUB_REPOSITORY/git/ref/tags/v$VERSION" 2> /dev/null; then
    echo "::error::This version was released before: tags of releases are never moved."
    exit 2
fi
