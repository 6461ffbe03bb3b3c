"""Heat conduction on a square plate whose edges are cold, on a grid whose rows are shared by the ranks."""

import numpy as np
from mpi4py import MPI


class Plate:
    """The rows of this rank, with one more above and below: its neighbours' edges."""

    def __init__(self, comm, points):
        self.comm = comm
        self.points = points
        self.width = 1.0 / (points - 1)
        self.time = 0.0
        inner = points - 2
        share, rest = divmod(inner, comm.size)
        self.rows = share + (comm.rank < rest)
        self.first = 1 + comm.rank * share + min(comm.rank, rest)
        self.above = comm.rank - 1 if comm.rank > 0 else MPI.PROC_NULL
        self.below = comm.rank + 1 if comm.rank + 1 < comm.size else MPI.PROC_NULL
        self.heat = self.exact(0.0)

    def exact(self, time):
        """The solution for the start that is used here: one wave, which decays."""
        rows = np.arange(self.first - 1, self.first + self.rows + 1) * self.width
        columns = np.linspace(0.0, 1.0, self.points)
        wave = np.outer(np.sin(np.pi * rows), np.sin(np.pi * columns))
        return wave * np.exp(-2.0 * np.pi**2 * time)

    def exchange(self):
        """Gets the edges of the neighbours. Buffers go by Sendrecv: no pickles, no copies."""
        heat = self.heat
        self.comm.Sendrecv(heat[1], dest=self.above, recvbuf=heat[-1], source=self.below)
        self.comm.Sendrecv(heat[-2], dest=self.below, recvbuf=heat[0], source=self.above)

    def step(self):
        """One step in time, as long as it may be. Returns the greatest change of all ranks."""
        self.exchange()
        heat = self.heat
        new = heat.copy()
        new[1:-1, 1:-1] = 0.25 * (heat[:-2, 1:-1] + heat[2:, 1:-1] + heat[1:-1, :-2] + heat[1:-1, 2:])
        self.heat = new
        self.time += 0.25 * self.width**2
        change = np.abs(new - heat)[1:-1].max(initial=0.0)
        return self.comm.allreduce(change, op=MPI.MAX)

    def error(self):
        """The greatest difference to the exact solution, of all ranks."""
        difference = np.abs(self.heat - self.exact(self.time))[1:-1].max(initial=0.0)
        return self.comm.allreduce(difference, op=MPI.MAX)

    def gather(self):
        """The whole plate on rank 0; None on the others."""
        inner = self.comm.gather(self.heat[1:-1], root=0)
        if inner is None:
            return None
        edge = np.zeros((1, self.points))
        return np.vstack([edge, *inner, edge])
