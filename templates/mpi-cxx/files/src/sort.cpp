#include "sort.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

// Two neighbours have `mine` and `theirs`, both in order. The lower rank keeps the smaller half of
// both together, the higher rank the greater half.
static std::vector<double> half(const std::vector<double> &mine, const std::vector<double> &theirs,
                                bool lower)
{
    std::vector<double> both;
    both.reserve(mine.size() + theirs.size());
    std::merge(mine.begin(), mine.end(), theirs.begin(), theirs.end(), std::back_inserter(both));
    const auto middle =
        both.begin() + static_cast<std::ptrdiff_t>(lower ? mine.size() : theirs.size());
    return lower ? std::vector<double>(both.begin(), middle)
                 : std::vector<double>(middle, both.end());
}

void parallel_sort(const mpi::Communicator &comm, std::vector<double> &numbers)
{
    const int count = static_cast<int>(numbers.size());
    if (comm.all_reduce(count, MPI_MIN) != comm.all_reduce(count, MPI_MAX)) {
        throw std::invalid_argument("parallel_sort: the ranks have different counts of numbers");
    }
    std::sort(numbers.begin(), numbers.end());

    // Odd-even transposition: in turn, each even rank trades with the next one, and each odd rank
    // does. After as many rounds as there are ranks, every number has come to its place.
    for (int round = 0; round < comm.size(); round++) {
        const bool lower = comm.rank() % 2 == round % 2;
        const int other = lower ? comm.rank() + 1 : comm.rank() - 1;
        if (other >= 0 && other < comm.size()) {
            numbers = half(numbers, comm.exchange(other, numbers), lower);
        }
    }
}
