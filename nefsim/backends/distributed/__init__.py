"""One program on several processes: cut it into shares, and run them block by block.

:mod:`.units` finds the operations that must stay together, :mod:`.balance` assigns them to
processes, :mod:`.cut` makes the program of each process and the list of the values that it
receives, and :mod:`.pace` finds how many steps processes can take between two exchanges.
:mod:`.share` runs one of these programs, and :mod:`.team` those of this process.  The package
knows nothing of MPI: :class:`.team.Together` runs all shares in one process, as tests do, and
:mod:`nefsim.backends.mpi` runs one in each.
"""
