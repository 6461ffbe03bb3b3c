"""Run by `pisdk test` on one, two and four ranks: each rank runs all of them."""

import pathlib
import sys
import unittest

import numpy as np
from mpi4py import MPI

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from heat import Plate  # noqa: E402

comm = MPI.COMM_WORLD


class Heat(unittest.TestCase):
    def test_every_row_is_somebodys(self):
        for points in (3, 10, 33):
            rows = comm.allgather(Plate(comm, points).rows)
            self.assertEqual(sum(rows), points - 2)

    def test_exact_solution(self):
        plate = Plate(comm, 33)
        for _ in range(200):
            plate.step()
        self.assertLess(plate.error(), 2e-3)

    def test_same_as_on_one_rank(self):
        shared, alone = Plate(comm, 20), Plate(MPI.COMM_SELF, 20)
        for _ in range(50):
            shared.step()
            alone.step()
        whole = comm.bcast(shared.gather())
        np.testing.assert_array_equal(whole, alone.gather())

    def test_it_comes_to_rest(self):
        plate = Plate(comm, 17)
        changes = [plate.step() for _ in range(100)]
        self.assertEqual(changes, sorted(changes, reverse=True))


if __name__ == "__main__":
    unittest.main()
