"""What people see on a pull request: a golden text for each situation, rendered as GitHub does, in a real browser."""
