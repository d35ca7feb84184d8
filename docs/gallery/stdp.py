"""Timing of spikes.

The change of a weight by the delay between two spikes, of the BCM rule with a fixed threshold.
"""

import numpy as np

import nefsim as nef

delays, changes = nef.analysis.stdp_curve(delays=np.linspace(-0.08, 0.08, 33))
nef.plot.stdp_curve(delays, changes)
