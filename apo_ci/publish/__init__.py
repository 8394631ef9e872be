"""Side effects on the pull request: its comment, check and commits. Today the reports are files; nothing is sent."""
