"""A sequence by rules of action.

Three rules, of which each leads to the next: A, B, C and again A.
"""

import matplotlib.pyplot as plt

import nefsim as nef
from nefsim import spa

v = spa.Vocabulary(16, seed=1)
v.populate("A; B; C")
net = nef.Network(seed=1)
state = spa.state(net, v, feedback=0.6, label="state")
rules = ["dot(state, A) -> state = B", "dot(state, B) -> state = C", "dot(state, C) -> state = A"]
spa.action_selection(net, rules, {"state": state})
net.connect(spa.stimulus(net, v, {0.0: "A", 0.1: "Zero"}).output, state.input)
y = net.probe(state.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(1.0)

plt.plot(sim.time, v.similarities(sim.data[y]), label=list(v))
plt.xlabel("time [s]")
plt.ylabel("similarity")
plt.legend()
