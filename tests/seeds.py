"""Seeds of tests that go by chance: a failure tells its own, and a variable repeats it."""

import contextlib
import os
import random
from collections.abc import Iterator

__all__ = ["told_seed"]


@contextlib.contextmanager
def told_seed(variable: str) -> Iterator[int]:
    """A seed of chance, or that of a variable of the environment.

    What fails within the block tells it, with the notes that ``trial`` would leave out.
    """
    seed = int(os.environ.get(variable, random.randrange(2**32)))
    try:
        yield seed
    except Exception as error:
        notes = getattr(error, "__notes__", [])
        error.args = ("\n".join([str(error), *notes, f"{variable}={seed} repeats it."]),)
        raise
