"""A question about a scene.

A red square and a blue circle in one vector; unbinding asks for the partner of a circle.
"""

import matplotlib.pyplot as plt

import nefsim as nef
from nefsim import spa

v = spa.Vocabulary(64, seed=1)
v.populate("RED; BLUE; SQUARE; CIRCLE")
net = nef.Network(seed=1)
scene = spa.state(net, v, label="scene")
asked = spa.state(net, v, label="asked")
answer = spa.state(net, v, label="answer")
net.connect(spa.stimulus(net, v, "RED * SQUARE + BLUE * CIRCLE").output, scene.input)
net.connect(spa.stimulus(net, v, {0.0: "SQUARE", 0.3: "CIRCLE"}).output, asked.input)
states = {"scene": scene, "asked": asked, "answer": answer}
spa.route(net, "answer = scene * ~asked", states)
y = net.probe(answer.output, synapse=0.03)

with nef.Simulator(net) as sim:
    sim.run(0.6)

plt.plot(sim.time, v.similarities(sim.data[y]), label=list(v))
plt.xlabel("time [s]")
plt.ylabel("similarity")
plt.legend()
