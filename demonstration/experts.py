"""More experts for the roster (being written by the roster engineer)."""


def load_experts(count: int, seed: int = 1) -> None: ...
