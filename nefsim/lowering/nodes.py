"""Lower nodes: constants, processes, functions, and nodes that pass on their input."""

from __future__ import annotations

import numpy as np

from nefsim.lowering.context import Context
from nefsim.network import Node
from nefsim.processes import Process
from nefsim.program import Evaluate, Play, Read


def lower_node(context: Context, node: Node) -> None:
    """Add a sum of the node's inputs and an operation that computes its output."""
    source = context.replaced.get(node, node)
    make, output = context.builder, source.output
    if node.size_in:
        context.inputs[node] = make.sum(f"{node!r}.input", node.size_in)
    if output is None:
        context.outputs[node] = context.inputs[node]
    elif isinstance(output, np.ndarray):
        context.outputs[node] = make.input(f"{node!r}.output", output)
    else:
        signal = context.outputs[node] = make.signal(f"{node!r}.output", node.size_out)
        if isinstance(output, Process):
            make.op(Play(signal, output, context.streams[node]))
        else:
            read = Read(context.inputs[node]) if source.size_in else None
            make.op(Evaluate(signal, output, "tx" if source.size_in else "t", f"{node!r}", read))
