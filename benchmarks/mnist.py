"""Handwritten digits in spikes: ``nefsim mnist`` as a script.

    python benchmarks/mnist.py --rule ridge --encoders gabor --neurons 2000 --train 60000

One line for each seed, then a confusion matrix of the last.  ``--validate`` tests on the last
10,000 training images instead: settings are chosen on these, never on the test images.
"""

import sys

from nefsim.cli import main

if __name__ == "__main__":
    sys.exit(main(["mnist", *sys.argv[1:]]))
