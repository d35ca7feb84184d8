"""Grid cells.

The similarity of a place with an encoder of a hexagonal space of vectors fires in a grid.
"""

import matplotlib.pyplot as plt
import numpy as np

from nefsim import spa

space = spa.HexagonalSSP(2, 4, 4, length_scale=0.3)
x = np.linspace(-2, 2, 61)
places = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
encoder = spa.grid_cells(space, 1, rng=1)[0]
rates = (space.encode(places) @ encoder).reshape(61, 61)
plt.imshow(np.maximum(rates, 0), extent=(-2, 2, -2, 2), origin="lower")
