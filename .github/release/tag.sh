#!/usr/bin/env bash
# Commit the pinned action.yml on the branch release/vVERSION (through GitHub, which signs the commit), tag it vVERSION, move the
# major version's tag there, and write the release.
# Environment: VERSION, GITHUB_REPOSITORY, GITHUB_SHA, GH_TOKEN.
set -euo pipefail
branch="release/v$VERSION"
repository="repos/$GITHUB_REPOSITORY"

gh api --silent "$repository/git/refs" -f ref="refs/heads/$branch" -f sha="$GITHUB_SHA"
# shellcheck disable=SC2016  # the dollar signs are GraphQL's
commit="$(gh api graphql --jq .data.createCommitOnBranch.commit.oid \
    -f repository="$GITHUB_REPOSITORY" -f branch="$branch" -f head="$GITHUB_SHA" \
    -f headline="Release $VERSION: run the attested image" -f contents="$(base64 --wrap=0 action.yml)" \
    -f query='mutation($repository: String!, $branch: String!, $head: GitObjectID!, $headline: String!, $contents: Base64String!) {
        createCommitOnBranch(input: {
            branch: {repositoryNameWithOwner: $repository, branchName: $branch}, expectedHeadOid: $head,
            message: {headline: $headline}, fileChanges: {additions: [{path: "action.yml", contents: $contents}]}
        }) { commit { oid } }
    }')"

gh api --silent "$repository/git/refs" -f ref="refs/tags/v$VERSION" -f sha="$commit"
major="tags/v${VERSION%%.*}"
gh api --silent --method PATCH "$repository/git/refs/$major" -f sha="$commit" -F force=true 2> /dev/null ||
    gh api --silent "$repository/git/refs" -f ref="refs/$major" -f sha="$commit"
gh release create "v$VERSION" --repo "$GITHUB_REPOSITORY" --verify-tag --generate-notes
