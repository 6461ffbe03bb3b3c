"""Run by `pisdk test` on one, two and four ranks: each rank runs all of them."""

import unittest

import numpy as np
from mpi4py import MPI

from plate import Plate, _kernel

comm = MPI.COMM_WORLD


class Plates(unittest.TestCase):
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

    def test_arrays_that_do_not_fit(self):
        with self.assertRaises(ValueError):
            _kernel.step(comm, np.zeros((4, 4)), np.zeros((4, 5)))
        with self.assertRaises(ValueError):
            _kernel.step(comm, np.zeros((4, 4), dtype="f"), np.zeros((4, 4)))


if __name__ == "__main__":
    unittest.main()
