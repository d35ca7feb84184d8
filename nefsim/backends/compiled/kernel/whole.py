"""Many functions of numba as one piece of code, optimised and translated once.

By itself numba optimises every function together with all that it calls, and makes machine code
of it, though only the outermost is called here, and its machine code is made elsewhere.  Here
numba writes instructions of LLVM, which are optimised once, together: less than half the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.codegen import AOTCodeLibrary, CPUCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target


class _Written(AOTCodeLibrary):
    """Functions as instructions of LLVM, for others to include, and not in memory."""

    def _optimize_final_module(self):
        """Nothing yet: all functions are optimised together, in the outermost."""

    def get_pointer_to_function(self, name):
        """No pointer: nothing can be called."""
        del name
        self._ensure_finalized()
        return 0


class _Writing(JITCPUCodegen):
    """Makes such libraries, for this processor."""

    _library_class = _Written

    def _add_module(self, module):
        """Nothing is put in memory."""

    def set_env(self, env_name, env):
        """What is not in memory has no place for it."""


@global_compiler_lock
def written(compile_all: Callable[[], Any]) -> Any:
    """What a function compiles with numba, for its instructions only: nothing can be called.

    Functions are compiled in one context of numba's; meanwhile no other thread compiles.
    """
    context = cpu_target.target_context
    before, context._internal_codegen = context._internal_codegen, _Writing("nefsim")
    try:
        outermost = compile_all()
        CPUCodeLibrary._optimize_final_module(outermost._library)
        return outermost
    finally:
        context._internal_codegen = before
