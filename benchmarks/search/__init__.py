"""Prompt search in simulated worlds and on real tasks: this search, its baselines and its peers at equal cost."""
