#include "integral.h"

#include <omp.h>

int integral_start_mpi(int *argc, char ***argv)
{
    // Of all levels, the least that is enough: some need locks in MPI, and cost time.
    //   SINGLE      no threads at all
    //   FUNNELED    threads, but only the main one calls MPI
    //   SERIALIZED  any thread calls MPI, one at a time
    //   MULTIPLE    any thread calls MPI at any time
    const int wanted = MPI_THREAD_FUNNELED;
    int provided;

    MPI_Init_thread(argc, argv, wanted, &provided);
    MPI_Allreduce(MPI_IN_PLACE, &provided, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    return provided >= wanted ? 0 : -1;
}

int integral_threads(void)
{
    int threads = 0;
#pragma omp parallel
    {
#pragma omp single
        threads = omp_get_num_threads();
    }
    return threads;
}

double integral(MPI_Comm comm, integral_function *f, double from, double to, long steps)
{
    int rank;
    int ranks;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);

    // First the ranks share the intervals out: rank r has those from `first` up to `end`.
    long first = (long)((long long)steps * rank / ranks);
    long end = (long)((long long)steps * (rank + 1) / ranks);
    double width = (to - from) / (double)steps;

    // Then the threads of the rank share its part. Each has a sum of its own, and OpenMP adds them
    // up: if all threads added to one variable, they would overwrite what the others just wrote.
    double sum = 0;
#pragma omp parallel for reduction(+ : sum) schedule(static)
    for (long i = first; i < end; i++) {
        sum += f(from + ((double)i + 0.5) * width);
    }

    // Here there is one thread again, the main one: it may call MPI.
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, comm);
    return sum * width;
}
