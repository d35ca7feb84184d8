"""Threads of BLAS: many small matrices are multiplied and factored by one thread.

NumPy and SciPy bring a BLAS each, whose threads go on looking for work for a while after
they had some; where matrices are small, one after the other, those of the two libraries only
keep the cores from one another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

#: So many products in a Gram matrix are worth a second thread.
WORTH_THREADS = 300_000_000

#: For fewer ensembles it is not worth looking for libraries.
MANY = 10

Limit = Callable[[int], AbstractContextManager[object]]


def limit(n_ensembles: int) -> Limit:
    """What holds BLAS to one thread while small systems of many ensembles are solved.

    Parameters
    ----------
    n_ensembles : int
        How many ensembles are solved for.

    Returns
    -------
    callable
        A context for a system with so many products in its Gram matrix.  It changes nothing
        for large ones, for few ensembles, and without threadpoolctl.
    """
    if n_ensembles < MANY or find_spec("threadpoolctl") is None:
        return lambda products: nullcontext()
    import scipy.linalg  # noqa: F401 - only what is loaded is found
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController()

    def limited(products: int) -> AbstractContextManager[object]:
        if products >= WORTH_THREADS:
            return nullcontext()
        one: AbstractContextManager[object] = libraries.limit(limits=1, user_api="blas")
        return one

    return limited
