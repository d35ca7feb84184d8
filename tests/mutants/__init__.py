"""Changes one thing in the package at a time and sees whether a test fails.

``python -m tests.mutants --seed 1 --count 180`` from the root of the project; see ``--help``.
"""
