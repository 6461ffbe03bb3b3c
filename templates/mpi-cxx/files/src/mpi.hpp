// MPI's C functions in small classes: what is begun in a constructor is ended in the destructor,
// and what goes wrong is an exception.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <stdexcept>
#include <vector>

namespace mpi
{

// What an MPI function returned, with MPI's own words for it.
class Error : public std::runtime_error
{
  public:
    explicit Error(int code);
    int code() const
    {
        return code_;
    }

  private:
    int code_;
};

// Throws what an MPI function returned, if it is an error.
inline void check(int code)
{
    if (code != MPI_SUCCESS) {
        throw Error(code);
    }
}

// MPI itself, from here to the end of the scope. There is one of it in a program.
class Session
{
  public:
    Session(int &argc, char **&argv);
    ~Session();
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;
};

// The MPI type of a C++ type. For others than these, a program does not compile.
template <typename T> MPI_Datatype datatype() = delete;
template <> inline MPI_Datatype datatype<char>()
{
    return MPI_CHAR;
}
template <> inline MPI_Datatype datatype<int>()
{
    return MPI_INT;
}
template <> inline MPI_Datatype datatype<unsigned>()
{
    return MPI_UNSIGNED;
}
template <> inline MPI_Datatype datatype<long long>()
{
    return MPI_LONG_LONG;
}
template <> inline MPI_Datatype datatype<double>()
{
    return MPI_DOUBLE;
}

// A communicator of its own, with the ranks of another: messages in it meet no others. It can be
// moved, but not copied, and is freed in the end.
class Communicator
{
  public:
    explicit Communicator(MPI_Comm ranks_of = MPI_COMM_WORLD);
    ~Communicator();
    Communicator(Communicator &&other) noexcept;
    Communicator &operator=(Communicator &&other) noexcept;
    Communicator(const Communicator &) = delete;
    Communicator &operator=(const Communicator &) = delete;

    int rank() const
    {
        return rank_;
    }
    int size() const
    {
        return size_;
    }
    MPI_Comm get() const
    {
        return comm_;
    } // for MPI functions that are not here

    // The reduction of everybody's value, for everybody.
    template <typename T> T all_reduce(T value, MPI_Op op) const
    {
        check(MPI_Allreduce(MPI_IN_PLACE, &value, 1, datatype<T>(), op, comm_));
        return value;
    }

    // Sends `mine` to a rank, and returns what that rank sends, however much it is.
    template <typename T> std::vector<T> exchange(int other, const std::vector<T> &mine) const
    {
        const int sent = count(mine.size());
        int received = 0;
        check(MPI_Sendrecv(&sent, 1, MPI_INT, other, tag_size, &received, 1, MPI_INT, other,
                           tag_size, comm_, MPI_STATUS_IGNORE));
        std::vector<T> theirs(static_cast<std::size_t>(received));
        check(MPI_Sendrecv(mine.data(), sent, datatype<T>(), other, tag_data, theirs.data(),
                           received, datatype<T>(), other, tag_data, comm_, MPI_STATUS_IGNORE));
        return theirs;
    }

    // Everybody's values, those of rank 0 first. On rank 0; empty on the others.
    template <typename T> std::vector<T> gather(const std::vector<T> &mine) const
    {
        const int sent = count(mine.size());
        const std::size_t places = rank_ == 0 ? static_cast<std::size_t>(size_) : 0;
        std::vector<int> counts(places);
        check(MPI_Gather(&sent, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm_));
        std::vector<int> starts(places);
        long long total = 0;
        for (std::size_t i = 0; i < places; i++) {
            starts[i] = count(static_cast<std::size_t>(total));
            total += counts[i];
        }
        std::vector<T> all(static_cast<std::size_t>(total));
        check(MPI_Gatherv(mine.data(), sent, datatype<T>(), all.data(), counts.data(),
                          starts.data(), datatype<T>(), 0, comm_));
        return all;
    }

  private:
    static constexpr int tag_size = 1;
    static constexpr int tag_data = 2;

    static int count(std::size_t n); // as MPI wants it; throws when it is too large for that
    void free() noexcept;

    MPI_Comm comm_ = MPI_COMM_NULL;
    int rank_ = 0;
    int size_ = 0;
};

} // namespace mpi
