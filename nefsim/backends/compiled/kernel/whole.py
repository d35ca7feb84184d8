"""Many functions of numba as one module of LLVM, optimised and compiled once.

Numba optimises and compiles every function together with all functions that it calls.  Here only
the outermost function is called, and :mod:`..object_cache` makes its machine code.  So numba only
generates the LLVM instructions of each function, which are optimised once, together.  This takes
less than half the time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from numba.core.codegen import AOTCodeLibrary, CPUCodeLibrary, JITCPUCodegen
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target


class _InstructionLibrary(AOTCodeLibrary):
    """Functions as LLVM instructions, which other functions can include but not call."""

    def _optimize_final_module(self):
        """Do nothing: all functions are optimised together, with the outermost one."""

    def get_pointer_to_function(self, name):
        """Return a null pointer, as there is no machine code."""
        del name
        self._ensure_finalized()
        return 0


class _InstructionCodegen(JITCPUCodegen):
    """A code generator for this processor that makes no machine code."""

    _library_class = _InstructionLibrary

    def _add_module(self, module):
        """Do nothing, as no code is loaded into memory."""

    def set_env(self, env_name, env):
        """Do nothing, as no code is loaded into memory."""


@global_compiler_lock
def compile_together(compile_all: Callable[[], Any]) -> Any:
    """The function that ``compile_all`` compiles with numba, as instructions without machine code.

    The code generator of numba's context is replaced meanwhile; numba's lock keeps other threads
    from compiling.
    """
    context = cpu_target.target_context
    # The millions of small objects that numba makes and needs would be searched again and again.
    collects = gc.isenabled()
    gc.disable()
    before, context._internal_codegen = context._internal_codegen, _InstructionCodegen("nefsim")
    try:
        function = compile_all()
        CPUCodeLibrary._optimize_final_module(function._library)
        return function
    finally:
        context._internal_codegen = before
        if collects:
            gc.enable()
