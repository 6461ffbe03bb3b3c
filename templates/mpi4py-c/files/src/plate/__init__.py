"""Heat conduction on a square plate whose edges are cold, on a grid whose rows are shared by the ranks."""

import numpy as np
from mpi4py import MPI

from plate import _kernel


class Plate:
    """The rows of this rank, with one more above and below: its neighbours' edges."""

    def __init__(self, comm, points):
        self.comm = comm
        self.points = points
        self.width = 1.0 / (points - 1)
        self.time = 0.0
        share, rest = divmod(points - 2, comm.size)
        self.rows = share + (comm.rank < rest)
        self.first = 1 + comm.rank * share + min(comm.rank, rest)
        self.heat = self.exact(0.0)
        self._next = self.heat.copy()

    def exact(self, time):
        """The solution for the start that is used here: one wave, which decays."""
        rows = np.arange(self.first - 1, self.first + self.rows + 1) * self.width
        columns = np.linspace(0.0, 1.0, self.points)
        wave = np.outer(np.sin(np.pi * rows), np.sin(np.pi * columns))
        return wave * np.exp(-2.0 * np.pi**2 * time)

    def step(self):
        """One step in time, as long as it may be. Returns the greatest change of all ranks."""
        change = _kernel.step(self.comm, self.heat, self._next)
        self.heat, self._next = self._next, self.heat
        self.time += 0.25 * self.width**2
        return change

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
