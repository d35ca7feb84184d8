"""The list of published figures."""

from __future__ import annotations

from nefsim.reproduce.figure import Figure

HPES = "Bekolay, Kolbeck & Eliasmith (2013), CogSci"
VOELKER = "Voelker (2019), PhD thesis, University of Waterloo"
DIARY = "A learner's public diary of Nengo (in Korean), week 7: MNIST in one NEF layer"

FIGURES = (
    Figure(
        "square",
        "the plain program of the NEF for x², spike for spike",
        "Nengo documentation, the NEF algorithm in plain loops",
        "50 and 40 Euler neurons, 10 s; the quick form has 2 seeds, the full form 20.",
        *("program", "square"),
        seconds=(5, 45),
    ),
    Figure(
        "noise",
        "spiking noise and distortion by the number of neurons",
        "Eliasmith & Anderson (2003), Neural Engineering; SYDE 556, lecture 2",
        "16 to 256 neurons, 20 ms; quick 6 populations of each size, full 40.",
        *("program", "noise"),
        seconds=(1, 5),
    ),
    Figure(
        "pes-law",
        "the error of PES at constant activities",
        f"{VOELKER}, the lemma of 2015: e(k) = e(0) (1 - κ dt |a|² / n)^k",
        "100 rate neurons, 500 steps; quick 3 seeds, full 20.",
        *("rules", "pes_law"),
        seconds=(2, 10),
    ),
    Figure(
        "stdp",
        "spike timing and pairing frequency of BCM",
        f"{HPES}, script of figure 2",
        "Ten pairs at 5 Hz, 10 ms, and five pairs at 1 to 100 Hz; nothing is random.",
        *("rules", "stdp"),
        seconds=(1, 1),
    ),
    Figure(
        "hpes-transmission",
        "hPES and PES learn to transmit three dimensions",
        f"{HPES}, figure 4",
        "Pink input, 30 s of learning in 154.5 s; rates chosen on seeds 100 to 105; "
        "quick 20 seeds, full 50.",
        *("rules", "transmission"),
        seconds=(16, 40),
    ),
    Figure(
        "hpes-binding",
        "hPES and PES learn circular convolution",
        f"{HPES}, figure 4",
        "Pink input, 80 s of learning in 194 s; rates chosen on seeds 100 to 105; "
        "quick 20 seeds, full 50.",
        *("rules", "binding"),
        seconds=(30, 75),
    ),
    Figure(
        "hpes-sparsity",
        "weights of BCM grow unequal and forget",
        f"{HPES}, experiment 1",
        "45 to 45 neurons, 200 s, solved weights that go on to learn; quick 10 seeds, full 50.",
        *("rules", "sparsity"),
        seconds=(9, 45),
    ),
    Figure(
        "hpes-digits",
        "MNIST with hPES",
        f"{HPES}, experiment 3",
        "Not possible: its inputs, 50 features of a deep belief network, are not public.",
        *("rules", "digits"),
        seconds=(0, 0),
    ),
    Figure(
        "mnist-plain",
        "MNIST by PES in one plain layer",
        DIARY,
        "200 neurons with default encoders, 1000 training images of 0.5 s in their order, "
        "300 test images; quick 6 seeds, full 20.",
        *("digits", "plain"),
        data=True,
        seconds=(24, 80),
    ),
    Figure(
        "mnist-times",
        "wall time of 30 s of that network",
        DIARY,
        "30 s of model time, build and first steps left out; the published machine is another.",
        *("digits", "times"),
        data=True,
        seconds=(4, 4),
    ),
    Figure(
        "mnist-encoders",
        "encoders for MNIST in one layer of 1000 neurons",
        "nengo-extras, notebook mnist_single_layer",
        "60,000 training and 10,000 test images, rates of LIF neurons, reg 0.01; quick 1 seed, "
        "full 5.",
        *("digits", "encoders"),
        data=True,
        seconds=(15, 65),
    ),
    Figure(
        "silence",
        "integrate-and-fire neurons that learn to fall silent",
        "chizuchizu's blog, training an IF layer with a Heaviside surrogate",
        "300 random bits to 500 neurons, 10 steps, SGD 0.1 with momentum 0.9, 100 iterations; "
        "quick 5 seeds, full 20.",
        *("gradients", "silence"),
        needs=("train",),
        seconds=(3, 10),
    ),
    Figure(
        "snu",
        "spiking neural units on MNIST",
        "takyamamoto/SNU_Chainer, after Woźniak et al. (2020), Nature Machine Intelligence",
        "784-256-256-256-10, ten steps, 48,000 images to learn from, 12,000 to validate; "
        "quick 2 epochs, full 16 (published 100).",
        *("gradients", "snu"),
        needs=("train",),
        data=True,
        seconds=(45, 350),
    ),
    Figure(
        "plif",
        "time constants that are learnt do not depend on their start",
        "Fang et al. (2021), ICCV, logs of the published program after one epoch",
        "A smaller network: 8 channels for 128, 128 neurons for 2048, T = 6 for 8, no affine "
        "transforms; quick 1 seed and 20,000 images, full 3 seeds and 60,000.",
        *("gradients", "plif"),
        needs=("train",),
        data=True,
        seconds=(120, 1100),
    ),
    Figure(
        "soft-lif",
        "networks trained with soft LIF rates, run in spikes",
        "Hunsberger, PhD thesis, University of Waterloo",
        "One hidden layer of 500 neurons in place of a convolutional network, whose training "
        "takes hours; 2 epochs of MNIST, 2000 test images of 0.1 s; quick 1 seed, full 3.",
        *("gradients", "soft_lif"),
        needs=("train",),
        data=True,
        seconds=(12, 36),
    ),
    Figure(
        "spikeconverter-factor",
        "the best factor of the inverse leak",
        "Liu et al. (2022), AAAI, SpikeConverter",
        "Numbers from -0.5 to 1, each factor with its best threshold; nothing is random.",
        *("conversion", "factor"),
        seconds=(1, 1),
    ),
    Figure(
        "spikeconverter-steps",
        "a ReLU network in 8 to 16 steps of spikes",
        "Liu et al. (2022), AAAI, SpikeConverter",
        "A small ReLU network on digits of 8 x 8 pixels in place of VGG and ResNet on CIFAR "
        "and ImageNet; quick 3 seeds, full 20.",
        *("conversion", "steps"),
        needs=("train",),
        seconds=(10, 60),
    ),
    Figure(
        "delay-1s",
        "a delay of 1 s in 1000 neurons",
        f"{VOELKER}, section 5 (Voelker & Eliasmith 2018, figure 3)",
        "Six states, signals up to 1 Hz, 0.1 s, 12 s; quick 3 seeds, full 10.",
        *("windows", "one_second"),
        seconds=(1, 4),
    ),
    Figure(
        "delay-fast",
        "a delay of 0.1 s up to 50 Hz, mapped with and without the step",
        f"{VOELKER}, section 5",
        "27 states of 200 neurons, 5 s; quick 2 seeds, full 10.",
        *("windows", "fast"),
        seconds=(1, 5),
    ),
    Figure(
        "delay-processors",
        "a delay of 0.1 s in three populations of 128 neurons",
        f"{VOELKER}, table of processors, section 7.2.2",
        "Ten signals up to 3 Hz of 2 s; quick 5 networks, full 25.",
        *("windows", "processors"),
        needs=("nengo",),
        seconds=(2, 7),
    ),
    Figure(
        "pointers",
        "capacity of superposed pairs of vectors",
        "No publication: theory, the probability that none of 999 random vectors is as similar",
        "Pairs bound by circular convolution with unitary roles in 64 to 512 dimensions, 1000 "
        "fillers; quick 500 trials, full 10,000.",
        *("pointers", "capacity"),
        seconds=(1, 15),
    ),
)
