"""A fake GitHub that holds every request and every answer against GitHub's own published contracts."""
