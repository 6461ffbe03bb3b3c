// Sorts random numbers on all ranks: NAME [NUMBERS-OF-EACH-RANK]

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <random>
#include <vector>

#include "mpi.hpp"
#include "sort.hpp"

// Numbers in [0, 1), others on each rank, but the same ones in every run.
static std::vector<double> random_numbers(std::size_t count, int rank)
{
    std::mt19937 generator(static_cast<unsigned>(rank) + 1);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<double> numbers(count);
    std::generate(numbers.begin(), numbers.end(), [&] { return uniform(generator); });
    return numbers;
}

static void run(long count)
{
    const mpi::Communicator comm;
    auto numbers = random_numbers(static_cast<std::size_t>(count), comm.rank());

    const double start = MPI_Wtime();
    parallel_sort(comm, numbers);
    const double seconds = MPI_Wtime() - start;

    const auto least = comm.gather(std::vector<double>{numbers.front()});
    const auto greatest = comm.gather(std::vector<double>{numbers.back()});
    std::cout << std::fixed << std::setprecision(4);
    for (std::size_t i = 0; i < least.size(); i++) { // on rank 0: the others have gathered nothing
        std::cout << "rank " << i << " of " << comm.size() << " has " << least[i] << " to "
                  << greatest[i] << '\n';
    }
    if (comm.rank() == 0) {
        std::cout << comm.size() * count << " numbers sorted (" << std::setprecision(2) << seconds
                  << " s)\n";
    }
}

int main(int argc, char **argv)
{
    const mpi::Session session(argc, argv);
    const long count = argc > 1 ? std::atol(argv[1]) : 100000;
    if (count < 1 || count > 100000000) {
        std::cerr << "usage: " << argv[0] << " [NUMBERS-OF-EACH-RANK]: 1 to 100000000\n";
        return 2;
    }
    try {
        run(count);
    } catch (const std::exception &error) {
        // Not only this rank: the others may wait for what it will never send.
        std::cerr << argv[0] << ": " << error.what() << '\n';
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return 0;
}
