"""Nengo's own tests with our simulator: the settings that its source tree has, its wheel not."""

import os


def pytest_configure(config):
    """The tests make simulators without naming a back end."""
    del config
    from nefsim import backends

    backends.fastest = lambda dtype="float64": os.environ["NEFSIM_BACKEND"]


def pytest_runtest_setup(item):
    """No settings of this machine, no cache and no bars."""
    del item
    from nengo.rc import rc

    rc.reload_rc([])
    rc["decoder_cache"]["enabled"] = "False"
    rc["exceptions"]["simplified"] = "False"
    rc["progress"]["progress_bar"] = "False"
