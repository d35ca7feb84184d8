"""The interpreter as machine code: numba makes it once, and it is read from disk from then on.

Numba takes some 0.3 s to be imported and to find code of its own that it has cached; the
loader of LLVM, which comes with numba, takes a tenth of that.  What is kept is an object file
with one function, for this processor, this numba and this :mod:`.kernel`
(:mod:`nefsim.backends.codefiles` says where, and how to switch that off).
"""

from __future__ import annotations

import ctypes
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from nefsim.backends import codefiles
from nefsim.backends.notices import notice

#: The name of the function in an object file.
ENTRY = "nefsim_run"

_pointer, _whole = ctypes.c_void_p, ctypes.c_int64

#: Arguments of :func:`.kernel.run`: table, spans, lo, hi, data, constants, lists.
ARGUMENTS = (
    *(_pointer, _pointer, _whole, _whole, _whole, _pointer, _whole, _whole),
    *(_pointer, _pointer, _pointer, _whole, _pointer, _whole),
)

Interpreter = Callable[..., Any]


@cache
def interpreter(dtype: np.dtype[Any]) -> Interpreter:
    """The interpreter for numbers of a type, from disk or made now."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for _ in range(2):
        for code in _kept(_name(dtype)):
            try:
                return _linked(code)
            except RuntimeError:  # of no use here
                continue
        # Code may need a library that numba brings along, as that of Intel for vectors.
        from nefsim.backends.compiled import kernel
    with notice(f"compiling the interpreter for {dtype.name}, once on this machine") as tell:
        run, where = _made(kernel, dtype)
        tell(where)
    return run


def demand(dtype: np.dtype[Any]) -> None:
    """Raise what keeps the interpreter from being made where it is not on disk, if anything.

    Numba may be installed, but not fit the NumPy or the Python that is there.
    """
    if next(_kept(_name(dtype)), None) is None:
        from nefsim.backends.compiled import kernel

        del kernel


def _kept(name: str) -> Iterator[bytes]:
    """Code from disk that may be run."""
    for folder in codefiles.folders():
        try:
            yield codefiles.read(folder, name)
        except OSError:  # not there, not safe or damaged
            continue


def _made(kernel: Any, dtype: np.dtype[Any]) -> tuple[Interpreter, str]:
    """What numba compiles, and where it is kept: where that is allowed and LLVM can read it.

    Numba's own way takes longer and is taken where LLVM cannot make anything of its
    instructions.
    """
    try:
        code = _object_code(kernel.instructions(dtype))
        run = _linked(code)
    except (RuntimeError, ValueError, AttributeError):
        compiled = kernel.compiled(dtype)
        return ctypes.CFUNCTYPE(None, *ARGUMENTS)(compiled.address), "not kept"
    for folder in codefiles.folders():
        try:
            codefiles.write(folder, _name(dtype), code)
        except OSError:
            continue
        return run, f"kept in {folder}"
    return run, "not kept"


def _object_code(compiled: Any) -> bytes:
    """Code of the function that numba made; ValueError where it is not called as we know it.

    Numba's functions take two pointers first, for a result and an error, which neither exist
    here; the C function around them has need of numba when there is an error, and is left out.
    """
    text = re.sub(
        r'define [^\n]*@"?cfunc\.[^\n]*\{\n.*?\n\}\n', "", compiled.inspect_llvm(), flags=re.DOTALL
    )
    module = llvm.parse_assembly(text.replace(compiled.native_name.removeprefix("cfunc."), ENTRY))
    names = [argument.name for argument in module.get_function(ENTRY).arguments]
    if names[:2] != ["retptr", "excinfo"] or len(names) != len(ARGUMENTS) + 2:
        raise ValueError(f"{ENTRY} takes {names}")
    target = llvm.Target.from_triple(module.triple)
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )
    code: bytes = machine.emit_object(module)
    return code


def _linked(code: bytes) -> Interpreter:
    """The function of an object file, in this process."""
    jit = llvm.create_lljit_compiler()
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    held = library.export_symbol(ENTRY).link(jit, ENTRY)
    call = ctypes.CFUNCTYPE(ctypes.c_int32, _pointer, _pointer, *ARGUMENTS)(held[ENTRY])
    result, error = ctypes.byref(_pointer()), ctypes.byref(_pointer())

    def run(*arguments: Any, held: Any = held) -> None:
        call(result, error, *arguments)

    return run


@cache
def _name(dtype: np.dtype[Any]) -> str:
    """The name of a file, which tells all that its code depends on."""
    here = Path(__file__).parent
    sources = (
        here / "opcodes.py",
        here / "cells.py",
        here / "object_cache.py",
        *sorted((here / "kernel").glob("*.py")),
    )
    parts = [source.read_bytes() for source in sources]
    numba = find_spec("numba")
    if numba is not None and numba.origin is not None:  # to import it would take 0.3 s
        with suppress(OSError):
            parts.append(Path(numba.origin).with_name("_version.py").read_bytes())
    features = llvm.get_host_cpu_features().flatten()
    parts += [text.encode() for text in (llvmlite.__version__, llvm.get_host_cpu_name(), features)]
    digest = hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
    return f"kernel.{dtype.name}.{digest}.o"
