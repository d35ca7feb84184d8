"""Digits in neurons.

Handwritten digits drive 500 neurons; decoders from 1297 images name the class of new ones.
"""

import matplotlib.pyplot as plt

import nefsim as nef

data = nef.datasets.digits()
net = nef.Network(seed=1)
source = net.node(nef.PresentInput(data.test_images[:8], 0.1))
a = net.ensemble(500, 64, radius=4, intercepts=(0.0, 0.5))
answer = net.node(size_in=10)
net.connect(source, a, synapse=None)
targets = nef.datasets.one_hot(data.train_labels)
points = {"eval_points": data.train_images, "scale_eval_points": False}  # not times the radius
net.connect(a, answer, function=targets, **points)
y = net.probe(answer, synapse=0.02)

with nef.Simulator(net) as sim:
    sim.run(0.8)

plt.imshow(sim.data[y].T, aspect="auto", extent=(0, sim.time[-1], 9.5, -0.5))
for i, label in enumerate(data.test_labels[:8]):
    plt.plot(0.1 * i + 0.05, label, "rx")
plt.xlabel("time [s]")
plt.ylabel("class (cross: the right one)")
