#include "mpi.hpp"

#include <exception>
#include <limits>
#include <string>
#include <utility>

namespace mpi
{

static std::string message(int code)
{
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(code, text, &length);
    return std::string(text, static_cast<std::size_t>(length));
}

Error::Error(int code) : std::runtime_error(message(code)), code_(code)
{
}

Session::Session(int &argc, char **&argv)
{
    check(MPI_Init(&argc, &argv));
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

Session::~Session()
{
    MPI_Finalize();
}

Communicator::Communicator(MPI_Comm ranks_of)
{
    check(MPI_Comm_dup(ranks_of, &comm_));
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN); // for check() to throw them
    check(MPI_Comm_rank(comm_, &rank_));
    check(MPI_Comm_size(comm_, &size_));
}

Communicator::~Communicator()
{
    free();
}

Communicator::Communicator(Communicator &&other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_)
{
}

Communicator &Communicator::operator=(Communicator &&other) noexcept
{
    if (this != &other) {
        free();
        comm_ = std::exchange(other.comm_, MPI_COMM_NULL);
        rank_ = other.rank_;
        size_ = other.size_;
    }
    return *this;
}

void Communicator::free() noexcept
{
    // To free a communicator, all its ranks must come together. An exception has only this one.
    if (comm_ != MPI_COMM_NULL && std::uncaught_exceptions() == 0) {
        MPI_Comm_free(&comm_);
    }
}

int Communicator::count(std::size_t n)
{
    if (n > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        throw std::length_error("more values than one MPI message can have");
    }
    return static_cast<int>(n);
}

} // namespace mpi
