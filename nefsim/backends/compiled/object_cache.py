"""The interpreter as machine code: numba makes it once, and it is read from disk from then on.

Numba takes some 0.3 s to be imported and to find code of its own that it has cached; the
loader of LLVM, which comes with numba, takes a tenth of that.  What is kept is an object file
with one function, for this processor and this version of :mod:`nefsim.backends.compiled.kernel`.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

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
    name = _name(dtype)
    for _ in range(2):
        for folder in _folders():
            try:
                return _linked((folder / name).read_bytes())
            except (OSError, RuntimeError):  # not there, or not to be used
                continue
        # Code may need a library that numba brings along, as that of Intel for vectors.
        from nefsim.backends.compiled import kernel
    return _made(kernel.compiled(dtype), name)


def _made(compiled: Any, name: str) -> Interpreter:
    """What numba has compiled, kept where that is allowed and where LLVM can read it again."""
    try:
        code = _object_code(compiled)
        run = _linked(code)
    except (RuntimeError, ValueError):
        return ctypes.CFUNCTYPE(None, *ARGUMENTS)(compiled.address)
    for folder in _folders():
        try:
            _write(folder, name, code)
            break
        except OSError:
            continue
    return run


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


def _name(dtype: np.dtype[Any]) -> str:
    """The name of a file, which tells all that its code depends on."""
    here = Path(__file__).parent
    sources = (
        here / "opcodes.py",
        here / "object_cache.py",
        *sorted((here / "kernel").glob("*.py")),
    )
    parts = [source.read_bytes() for source in sources]
    features = llvm.get_host_cpu_features().flatten()
    parts += [text.encode() for text in (llvmlite.__version__, llvm.get_host_cpu_name(), features)]
    digest = hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
    return f"kernel.{dtype.name}.{digest}.o"


def _folders() -> Iterator[Path]:
    """Where code is kept: with Python's own, or where the user's caches are."""
    yield Path(cache_from_source(__file__)).parent
    yield Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "nefsim"


def _write(folder: Path, name: str, code: bytes) -> None:
    """Write a file as a whole, so that nobody reads a part of it."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{name}.{os.getpid()}"
    new.write_bytes(code)
    new.replace(folder / name)
