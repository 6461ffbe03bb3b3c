// The ranks together have the same numbers as before, in the order in which std::sort has them.

#include <algorithm>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "mpi.hpp"
#include "sort.hpp"

static int failures;

static void check(const mpi::Communicator &comm, bool good, const std::string &what)
{
    if (comm.rank() == 0 || !good) { // at once: mpirun ends all ranks when one has failed
        std::cout << (good ? "ok: " : "FAILED: ") << "rank " << comm.rank() << ": " << what
                  << std::endl;
    }
    failures += !good;
}

static void test_sort(const mpi::Communicator &comm, std::vector<double> numbers,
                      const std::string &what)
{
    const std::size_t count = numbers.size();
    auto expected = comm.gather(numbers);
    std::sort(expected.begin(), expected.end());
    parallel_sort(comm, numbers);
    check(comm, numbers.size() == count, what + ": each rank has as many as before");
    check(comm, comm.gather(numbers) == expected, what + ": they are in order");
}

static std::vector<double> numbers(const mpi::Communicator &comm, std::size_t count, int greatest)
{
    std::mt19937 generator(static_cast<unsigned>(comm.rank()) + 17);
    std::uniform_int_distribution<int> uniform(0, greatest);
    std::vector<double> result(count);
    std::generate(result.begin(), result.end(), [&] { return uniform(generator); });
    return result;
}

static void test_different_counts(const mpi::Communicator &comm)
{
    bool refused = false;
    std::vector<double> uneven(comm.rank() == 0 ? 2 : 3);
    try {
        parallel_sort(comm, uneven);
    } catch (const std::invalid_argument &) {
        refused = true;
    }
    check(comm, refused == (comm.size() > 1), "different counts are refused");
}

static void test_errors_are_exceptions(const mpi::Communicator &comm)
{
    int code = MPI_SUCCESS;
    try {
        comm.exchange(comm.size(), std::vector<int>{1}); // no such rank
    } catch (const mpi::Error &error) {
        MPI_Error_class(error.code(), &code);
    }
    check(comm, code == MPI_ERR_RANK, "an error of MPI is an exception");
}

static void test_communicators(const mpi::Communicator &comm)
{
    mpi::Communicator one(comm.get());
    mpi::Communicator two(std::move(one));
    check(comm, one.get() == MPI_COMM_NULL, "a communicator is moved");
    one = std::move(two);
    check(comm, one.all_reduce(1, MPI_SUM) == comm.size(), "and can still be used");
    const auto ranks =
        one.gather(std::vector<int>(static_cast<std::size_t>(one.rank()), one.rank()));
    const int all = one.rank() == 0 ? one.size() * (one.size() - 1) / 2 : 0;
    check(comm, static_cast<int>(ranks.size()) == all && std::is_sorted(ranks.begin(), ranks.end()),
          "different counts are gathered");
}

int main(int argc, char **argv)
{
    const mpi::Session session(argc, argv);
    const mpi::Communicator comm;
    test_sort(comm, numbers(comm, 1000, 1000000000), "many numbers");
    test_sort(comm, numbers(comm, 100, 3), "equal numbers");
    test_sort(comm, numbers(comm, 1, 100), "one number");
    test_sort(comm, {}, "no number");
    test_sort(comm, {-1.0 * comm.rank(), -1.5 * comm.rank()}, "the wrong way round");
    test_different_counts(comm);
    test_errors_are_exceptions(comm);
    test_communicators(comm);
    return comm.all_reduce(failures, MPI_MAX) != 0;
}
