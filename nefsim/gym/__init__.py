"""Networks that act in environments of gymnasium, as nodes or by a loop over trials.

:class:`Environment` is a node with an action as its input and an observation as its output.
:class:`Loop` runs a batch of trials, each in a separate environment, in turns with a vector
environment.  Observations and actions are scaled to [-1, 1].

Needs the extra ``gym``: ``pip install gymnasium``.
"""

from nefsim.gym import _package  # noqa: F401  (first, as it raises where gymnasium is missing)
from nefsim.gym.environment import Environment
from nefsim.gym.loop import Loop, Turn

__all__ = ["Environment", "Loop", "Turn"]
