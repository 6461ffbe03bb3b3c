"""Usage: main.py [POINTS [STEPS]]"""

import sys

from mpi4py import MPI

from plate import Plate


def main():
    comm = MPI.COMM_WORLD
    points, steps = [int(word) for word in sys.argv[1:]] + [65, 100][len(sys.argv) - 1:]
    plate = Plate(comm, points)
    start = MPI.Wtime()
    for _ in range(steps):
        plate.step()
    seconds = comm.reduce(MPI.Wtime() - start, op=MPI.MAX)
    error = plate.error()
    whole = plate.gather()
    if comm.rank == 0:
        print(f"{comm.size} ranks, {points} x {points} points, {steps} steps: {seconds:.2f} s")
        print(f"hottest point {whole.max():.6f}, greatest error {error:.1e}")


if __name__ == "__main__":
    main()
