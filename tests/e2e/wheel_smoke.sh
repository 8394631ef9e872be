#!/usr/bin/env bash
# The installed wheel, without extras, in an empty folder: help, schema, and validation of a small project.
# Usage: wheel_smoke.sh PATH_TO_APO_CI
set -euo pipefail
apo_ci="$1"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$apo_ci" --version
"$apo_ci" --help | grep -q "pull-request check"
"$apo_ci" schema | grep -q '"verdict"'

mkdir prompts evals
printf 'version: 1\nmodel: {name: some-model}\n' > apo-ci.yaml
printf 'Review: {{ review }}\nLabel:' > prompts/sentiment.prompt.md
printf 'prompt: prompts/sentiment.prompt.md\ndataset: evals/sentiment.jsonl\nscorers: [{type: label, labels: ["Yes", "No"]}]\n' > evals/sentiment.yaml
printf '{"review": "Good.", "target": "Yes"}\n{"review": "Bad.", "target": "No"}\n' > evals/sentiment.jsonl
"$apo_ci" validate

printf '{"review": "Good.", "target": "Maybe"}\n' >> evals/sentiment.jsonl
if "$apo_ci" validate 2> errors.txt; then echo "validate accepted a wrong label" >&2; exit 1; fi
grep -q "evals/sentiment.jsonl:3" errors.txt
echo "The wheel works."
