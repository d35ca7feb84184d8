"""The object cache: numba compiles the interpreter once; later processes load it from disk.

To import numba and to use numba's cache takes 0.3 s; to load an object file by LLVM, which comes
with numba, takes a tenth of that.  A file has the interpreter, or a part of it that only some
networks need, for this processor, this version of numba and this :mod:`.kernel`.
:func:`nefsim.backends.codefiles.folders` lists its folders.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

from nefsim._extras import BackendUnavailable
from nefsim.backends import codefiles
from nefsim.backends.compiled.opcodes import CODE, KIND, part_of
from nefsim.backends.notices import notice

#: The names of the functions in an object file: the interpreter, and the same for arguments that
#: are stored one after the other, of which it advances the rows.
ENTRY, BLOCK_ENTRY = "nefsim_run", "nefsim_run_block"

#: The names in the object file of a part: its function, and the same without numba's first two
#: arguments, which the interpreter calls.
PART, PART_ENTRY = "nefsim_part", "nefsim_call_part"

_pointer, _whole = ctypes.c_void_p, ctypes.c_int64

#: Arguments of a part (:data:`.kernel.parts.PARTS`).
N_PART_ARGUMENTS = 9

#: Arguments of :func:`.kernel.run`: table, spans, lo, hi, data, constants, lists.
ARGUMENTS = (
    *(_pointer, _pointer, _whole, _whole, _whole, _pointer, _whole, _whole),
    *(_pointer, _pointer, _pointer, _whole, _pointer, _whole),
)

#: Places of some of them.
SPANS, N_SPANS, LO, HI = 1, 2, 3, 4

Interpreter = Callable[..., Any]


@cache
def interpreter(dtype: np.dtype[Any]) -> Interpreter:
    """The interpreter for numbers of one type, loaded from disk or compiled now."""
    run: Interpreter = _load(dtype, None)
    return run


@cache
def part(dtype: np.dtype[Any], name: str) -> Any:
    """A part of the interpreter with its ``address``, loaded from disk or compiled now."""
    return _load(dtype, name)


def connect_parts(table: NDArray[np.int64], dtype: np.dtype[Any]) -> None:
    """Write the addresses of the parts that a table needs, and load or compile these parts."""
    for kind in np.unique(table[:, KIND]):
        name = part_of(int(kind))
        if name is not None:
            table[table[:, KIND] == kind, CODE] = part(dtype, name).address


def _load(dtype: np.dtype[Any], part: str | None) -> Any:
    """The interpreter or a part of it, loaded from disk or compiled now."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    subject = "the interpreter" if part is None else f"the interpreter's part for {part}"
    for _ in range(2):
        for code in _stored_code(_name(dtype, part)):
            try:
                return _link(code, part)
            except RuntimeError:  # LLVM cannot link this code
                continue
        # Code may need a library that the import of numba loads, such as Intel's vector library.
        kernel = _kernel(subject)
    with notice(f"compiling {subject} for {dtype.name}, once on this machine") as report:
        loaded, folder = _compile(kernel, dtype, part)
        report(folder)
    return loaded


def _kernel(subject: str) -> Any:
    """The module that numba compiles; code on disk may need no numba, and a further part does."""
    try:
        from nefsim.backends.compiled import kernel
    except Exception as error:  # a numba that does not match NumPy or Python may raise anything
        raise BackendUnavailable(
            f"Simulator: numba must be importable to compile {subject}, got {error}; "
            'run pip check, or pass backend="numpy".'
        ) from error
    return kernel


def demand(dtype: np.dtype[Any]) -> None:
    """Raise an error if the interpreter is not on disk and cannot be compiled.

    The installed numba may not support the installed NumPy or Python.
    """
    if next(_stored_code(_name(dtype)), None) is None:
        from nefsim.backends.compiled import kernel

        del kernel


def _stored_code(name: str) -> Iterator[bytes]:
    """The code of this name in each folder that has it, if it is safe to run."""
    for folder in codefiles.folders():
        try:
            yield codefiles.read(folder, name)
        except OSError:  # missing, unsafe or damaged
            continue


def _compile(kernel: Any, dtype: np.dtype[Any], part: str | None) -> tuple[Any, str]:
    """Compile the interpreter or a part by numba; return it, and a note on its folder.

    If LLVM cannot parse numba's instructions, a C function of numba is returned, which takes
    longer to compile and is not stored.
    """
    try:
        code = _object_code(kernel.instructions(dtype, part), part)
        loaded = _link(code, part)
    except (RuntimeError, ValueError, AttributeError):
        compiled = kernel.compile_function(dtype, part)
        if part is not None:
            return compiled, "not stored"
        return ctypes.CFUNCTYPE(None, *ARGUMENTS)(compiled.address), "not stored"
    for folder in codefiles.folders():
        try:
            codefiles.write(folder, _name(dtype, part), code)
        except OSError:
            continue
        return loaded, f"stored in {folder}"
    return loaded, "not stored"


def _object_code(compiled: Any, part: str | None) -> bytes:
    """Machine code of a function of numba; ValueError if its arguments are not as expected.

    The first two arguments of numba's functions are pointers to a result and to an error; the
    interpreter has neither.  The C function that calls it needs numba for errors, and is removed.
    """
    name, n_arguments = (ENTRY, len(ARGUMENTS)) if part is None else (PART, N_PART_ARGUMENTS)
    text = re.sub(
        r'define [^\n]*@"?cfunc\.[^\n]*\{\n.*?\n\}\n', "", compiled.inspect_llvm(), flags=re.DOTALL
    )
    module = llvm.parse_assembly(text.replace(compiled.native_name.removeprefix("cfunc."), name))
    arguments = [*module.get_function(name).arguments]
    names = [argument.name for argument in arguments]
    if names[:2] != ["retptr", "excinfo"] or len(names) != n_arguments + 2:
        raise ValueError(f"{name} takes {names}")
    entry = _block_entry if part is None else _part_entry
    module.link_in(llvm.parse_assembly(entry([str(each.type) for each in arguments])))
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


def _part_entry(types: Sequence[str]) -> str:
    """LLVM's instructions for a function that calls a part without numba's first two arguments.

    Parameters
    ----------
    types : sequence of str
        Types of the arguments of the part, of which the first two are results.
    """
    results = [f"%r{i} = alloca {kind.removesuffix('*')}" for i, kind in enumerate(types[:2])]
    typed = [f"{kind} %a{i}" for i, kind in enumerate(types[2:])]
    every = ", ".join([f"{types[0]} %r0", f"{types[1]} %r1", *typed])
    body = "\n  ".join([*results, f"call i32 @{PART}({every})", "ret void"])
    return (
        f"declare i32 @{PART}({', '.join(types)})\n"
        f"define void @{PART_ENTRY}({', '.join(typed)}) {{\n  {body}\n}}\n"
    )


def _block_entry(types: Sequence[str]) -> str:
    """LLVM's instructions for a function that calls the interpreter with arguments in one block.

    Python passes one argument in a tenth of the time that it takes to pass all of them.  The
    function adds 1 to ``lo`` and ``hi`` in the block, so that a step is either complete and
    counted, or has not begun.  Two more numbers in the block are spans, which then run one row
    later.

    Parameters
    ----------
    types : sequence of str
        Types of the arguments of the interpreter, of which the first two are results.
    """
    pointer = "ptr" if "ptr" in types else "i64*"
    n = len(ARGUMENTS)
    lines = [f"%r{i} = alloca {kind.removesuffix('*')}" for i, kind in enumerate(types[:2])]
    for i in range(n + 2):
        lines.append(f"%p{i} = getelementptr i64, {pointer} %block, i64 {i}")
        lines.append(f"%n{i} = load i64, {pointer} %p{i}")
    for i, kind in enumerate(types[2:]):
        value = f"add i64 %n{i}, 0" if kind == "i64" else f"inttoptr i64 %n{i} to {kind}"
        lines.append(f"%v{i} = {value}")
    lines.append(f"%spans = inttoptr i64 %n{n} to {types[2 + SPANS]}")
    lines += [f"%next{i} = add i64 %n{i}, 1" for i in (LO, HI)]
    later = {SPANS: "%spans", N_SPANS: f"%n{n + 1}", LO: f"%next{LO}", HI: f"%next{HI}"}
    for names in ({}, later):
        values = [names.get(i, f"%v{i}") for i in range(n)]
        typed = zip(types, ["%r0", "%r1", *values], strict=True)
        lines.append(f"call i32 @{ENTRY}({', '.join(' '.join(pair) for pair in typed)})")
    lines += [f"store i64 %next{i}, {pointer} %p{i}" for i in (LO, HI)]
    body = "\n  ".join([*lines, "ret void"])
    return (
        f"declare i32 @{ENTRY}({', '.join(types)})\n"
        f"define void @{BLOCK_ENTRY}({pointer} %block) {{\n  {body}\n}}\n"
    )


def _link(code: bytes, part: str | None) -> Any:
    """Load an object file into this process and return its function."""
    jit = llvm.create_lljit_compiler()
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    entries = (PART_ENTRY,) if part is not None else (ENTRY, BLOCK_ENTRY)
    for entry in entries:
        library.export_symbol(entry)
    code_in_memory = library.link(jit, entries[0])
    return _Linked(code_in_memory) if part is None else _LinkedPart(code_in_memory)


class _LinkedPart:
    """A part in memory.

    Attributes
    ----------
    address : int
        The address of its function.
    """

    def __init__(self, code: Any) -> None:
        self._code = code  # which is removed with this object
        self.address = code[PART_ENTRY]


class _Linked:
    """The functions of an object file in memory.

    Attributes
    ----------
    of_block : callable
        The interpreter as a function of the address of a block of its arguments.
    """

    def __init__(self, code: Any) -> None:
        self._code = code  # which is removed with this object
        self._result, self._error = ctypes.byref(_pointer()), ctypes.byref(_pointer())
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, _pointer, _pointer, *ARGUMENTS)
        self._run = kind(code[ENTRY])
        self.of_block = ctypes.CFUNCTYPE(None, _pointer)(code[BLOCK_ENTRY])

    def __call__(self, *arguments: Any) -> None:
        self._run(self._result, self._error, *arguments)


def block_call(run: Interpreter) -> Callable[[int], None] | None:
    """A function of the address of a block of all arguments; None if the code has none.

    It calls the interpreter, and then adds 1 to ``lo`` and ``hi`` in the block.
    """
    return run.of_block if isinstance(run, _Linked) else None


def _name(dtype: np.dtype[Any], part: str | None = None) -> str:
    """The name of the file of the interpreter or a part."""
    return f"{'kernel' if part is None else part.replace(' ', '_')}.{dtype.name}.{_digest()}.o"


@cache
def _digest() -> str:
    """A hash of all that the code depends on."""
    here = Path(__file__).parent
    sources = (
        here / "opcodes.py",
        here / "cells.py",
        here / "draws.py",
        here / "elementary.py",
        here / "object_cache.py",
        *sorted((here / "kernel").glob("*.py")),
    )
    parts = [source.read_bytes() for source in sources]
    numba = find_spec("numba")
    if numba is not None and numba.origin is not None:  # without the import, which takes 0.3 s
        with suppress(OSError):
            parts.append(Path(numba.origin).with_name("_version.py").read_bytes())
    features = llvm.get_host_cpu_features().flatten()
    parts += [text.encode() for text in (llvmlite.__version__, llvm.get_host_cpu_name(), features)]
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
