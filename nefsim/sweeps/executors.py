"""The workers that the argument ``executor`` of a sweep names."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from nefsim import _checks as check
from nefsim import _cores
from nefsim._extras import cure, require
from nefsim.sweeps.workers import Futures, Serial, Workers

#: Longest wait for a scheduler of Dask [s].
PATIENCE = 30


def workers(who: str, executor: Any, function: Any) -> tuple[Workers, Any]:
    """The workers, and the function as they receive it."""
    if executor is None or (isinstance(executor, int) and not isinstance(executor, bool)):
        from nefsim.sweeps.local import Processes, transferable

        do = "pass a number of processes"
        n = _cores.cores() if executor is None else executor
        return Processes(check.integer(who, "executor", n, do, 1, 10_000)), transferable(
            who, function
        )
    if isinstance(executor, str):
        return _by_name(who, executor), function
    if type(executor).__module__.partition(".")[0] == "distributed":
        return Futures(_of_client(executor)), function
    if not callable(getattr(executor, "submit", None)) or isinstance(executor, type):
        must = "be None, a number of processes, an executor, a Client or an address"
        do = "pass None for local processes"
        check.fail(who, "executor", must, check.show(executor), do, TypeError)
    return Futures(executor), function


def _by_name(who: str, name: str) -> Workers:
    if name == "serial":
        return Serial()
    if name == "mpi":
        if find_spec("mpi4py") is None:
            check.fail(who, "executor", "be installed", "no mpi4py", cure("mpi"), ImportError)
        from mpi4py.futures import MPIPoolExecutor

        pool = MPIPoolExecutor()
        return Futures(pool, shut_down=pool.shutdown)
    if name == "dask" or "://" in name:
        require(who, "dask")
        client = _client(who, name)
        return Futures(_of_client(client), shut_down=client.close)
    do = "pass 'serial', 'dask', 'mpi' or the address of a scheduler, such as 'tcp://host:8786'"
    check.fail(who, "executor", "be a known name or an address", check.show(name), do)


def _client(who: str, name: str) -> Any:
    """A client of a Dask scheduler at an address, or of a new one on this machine."""
    from distributed import Client, LocalCluster

    if name == "dask":
        n = _cores.cores()
        cluster = LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster)
        close = client.close

        def close_all() -> None:
            close()
            cluster.close()

        client.close = close_all
        return client
    try:
        return Client(name, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        do = "start one by `dask scheduler`, and workers by `dask worker`"
        got = f"{check.show(name)} ({error})"
        check.fail(who, "executor", "be the address of a scheduler", got, do)


def _of_client(client: Any) -> Any:
    """The executor of a Dask client; equal jobs are not merged, since each may fail by chance."""
    get = getattr(client, "get_executor", None)
    return client if get is None else get(pure=False)
