"""Custom parts of Nengo models: a neuron type, a synapse, processes, learning rules."""

from types import MappingProxyType

import nengo
import numpy as np
from nengo.builder import Builder


class Tired(nengo.neurons.NeuronType):
    """A custom neuron type with rates that fall while it fires."""

    state = MappingProxyType({"rest": nengo.dists.Choice([1.0])})
    probeable = ("output", "rest")

    def gain_bias(self, max_rates, intercepts):
        return max_rates, -max_rates * intercepts

    def step(self, dt, J, output, rest=1.0):
        output[...] = np.maximum(J, 0.0) * rest
        rest += dt * (1.0 - rest - 0.01 * output)


class Hold(nengo.synapses.Synapse):
    """A custom synapse: the largest input so far."""

    def make_state(self, shape_in, shape_out, dt, dtype=None, y0=0):
        return {"largest": np.zeros(shape_out)}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        largest = state["largest"]

        def step(t, x):
            largest[...] = np.maximum(largest, x)
            return largest

        return step


class Walk(nengo.Process):
    """A custom process, random and without a seed."""

    def make_step(self, shape_in, shape_out, dt, rng, state):
        place = np.zeros(shape_out)

        def step(t):
            place[...] += rng.normal(size=shape_out) * dt
            return place

        return step


class Stumble(nengo.Process):
    """A custom process that follows its input with random steps."""

    def make_state(self, shape_in, shape_out, dt, dtype=None):
        return {"place": np.zeros(shape_out)}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        place = state["place"]

        def step(t, x):
            place[...] += (x - place) * rng.uniform(size=shape_out) * dt / 0.01
            return place

        return step


class Decay(nengo.learning_rules.LearningRuleType):
    """A custom learning rule: weights decay."""

    modifies = "weights"
    probeable = ("delta",)


class SimDecay(nengo.builder.Operator):
    def __init__(self, weights, delta):
        super().__init__()
        self.sets, self.incs, self.reads, self.updates = [], [], [weights], [delta]

    def make_step(self, signals, dt, rng):
        weights, delta = signals[self.reads[0]], signals[self.updates[0]]

        def step():
            delta[...] = -dt * weights

        return step


@Builder.register(Decay)
def build_decay(model, decay, rule):
    model.add_op(SimDecay(model.sig[rule.connection]["weights"], model.sig[rule]["delta"]))


class Follow(nengo.learning_rules.LearningRuleType):
    """A custom learning rule with an input: the weights of each output follow it."""

    modifies = "weights"
    probeable = ("delta", "error")

    def __init__(self):
        super().__init__(1e-2, size_in="post_state")


class SimFollow(nengo.builder.Operator):
    def __init__(self, error, weights, delta):
        super().__init__()
        self.sets, self.incs, self.reads, self.updates = [], [], [error, weights], [delta]

    def make_step(self, signals, dt, rng):
        error, weights = (signals[signal] for signal in self.reads)
        delta = signals[self.updates[0]]

        def step():
            delta[...] = dt * (error[:, None] - weights)

        return step


@Builder.register(Follow)
def build_follow(model, follow, rule):
    error = nengo.builder.Signal(shape=rule.size_in, name="error")
    model.add_op(nengo.builder.operator.Reset(error))
    model.sig[rule]["in"] = model.sig[rule]["error"] = error
    weights = model.sig[rule.connection]["weights"]
    model.add_op(SimFollow(error, weights, model.sig[rule]["delta"]))
