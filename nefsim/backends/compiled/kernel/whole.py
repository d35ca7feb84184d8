"""Many functions of numba as one piece of code, optimised and translated once.

By itself numba optimises and translates every function together with all that it calls, so that
the innermost functions of the interpreter are compiled half a dozen times.  Here numba only
writes the instructions of each function down; LLVM sees them once, when all are together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.codegen import AOTCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target


class _Written(AOTCodeLibrary):
    """Functions as instructions of LLVM, neither optimised nor in memory."""

    def _optimize_functions(self, ll_module):
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        """Left to :func:`as_a_whole`."""

    def get_pointer_to_function(self, name):
        """No pointer: such a function is there for others to include, and not to be called."""
        del name
        self._ensure_finalized()
        return 0


class _Writing(JITCPUCodegen):
    """What makes such libraries, for this processor."""

    _library_class = _Written

    def _add_module(self, module):
        """Nothing is put in memory."""

    def set_env(self, env_name, env):
        """What is not in memory has no place for it."""


@global_compiler_lock
def as_a_whole(compile_all: Callable[[], Any]) -> Any:
    """What a function compiles with numba, for its instructions only.

    Nothing that it compiles can be called.
    """
    context = cpu_target.target_context
    before, context._internal_codegen = context._internal_codegen, _Writing("nefsim")
    try:
        compiled = compile_all()
        library = compiled._library
        super(_Written, library)._optimize_final_module()
    finally:
        context._internal_codegen = before
    return compiled
