"""apo-ci: the pull-request check for prompts."""
