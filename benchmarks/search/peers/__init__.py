"""Adapters to other optimizers. Each is an optional installation and is skipped where it is absent."""
