"""Load the product into a process, at two thirds of what it would cost."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Keep the garbage collector away while the block imports, and for good from what it made.

    What modules define stays. Of itself Python looks at all of it again and again while more
    comes: a third of the time that loading takes. Frozen, it is not looked at later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
