"""Who acts on what: the product's whole asynchronous flow on one screen."""


def register() -> None:
    """Connect every event to the jobs that act on it. Called once per process, at start-up."""
