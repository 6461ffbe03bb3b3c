// Numbers that are spread over the ranks, sorted.
#pragma once

#include <vector>

#include "mpi.hpp"

// All ranks call this, each with numbers of its own. Afterwards each has as many as before, in
// order, and none of them is greater than those of the next rank. Every rank must have equally
// many.
void parallel_sort(const mpi::Communicator &comm, std::vector<double> &numbers);
