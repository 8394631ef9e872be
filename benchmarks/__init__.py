"""Measurements: each module prints its figures; nothing here is a test or ships in the wheel."""
