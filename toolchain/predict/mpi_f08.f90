! SPDX-License-Identifier: MIT
! The module mpi_f08 for SMPI: what most code uses of it. It leaves `ierror` out where its caller does
! (MPI standard 3.1, 17.1); all else is in smpi_f08.f90.

module mpi_f08
  use smpi_f08
  use mpi, only: MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_PROC_NULL, MPI_UNDEFINED, MPI_SUCCESS, &
      MPI_MAX_PROCESSOR_NAME, MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, &
      MPI_THREAD_MULTIPLE
  use mpi, only: f77_wtime => MPI_WTIME, f77_wtick => MPI_WTICK
  implicit none
  public

  private :: find_addresses, smpi_init, smpi_initialized, smpi_finalize, smpi_init_thread, smpi_abort, smpi_comm_rank, &
      smpi_comm_size, smpi_comm_split, smpi_comm_dup, smpi_comm_free, smpi_barrier, smpi_send, smpi_ssend, &
      smpi_bsend, smpi_rsend, smpi_isend, smpi_issend, smpi_recv, smpi_irecv, smpi_sendrecv, &
      smpi_sendrecv_replace, smpi_probe, smpi_iprobe, smpi_get_count, smpi_wait, smpi_waitall, &
      smpi_waitany, smpi_test, smpi_testall, smpi_bcast, smpi_reduce, smpi_allreduce, smpi_scan, &
      smpi_exscan, smpi_gather, smpi_gatherv, smpi_scatter, smpi_scatterv, smpi_allgather, smpi_allgatherv, &
      smpi_alltoall, smpi_alltoallv, smpi_reduce_scatter, smpi_cart_create, smpi_cart_coords, &
      smpi_cart_rank, smpi_cart_shift, smpi_dims_create, smpi_type_contiguous, smpi_type_vector, &
      smpi_type_commit, smpi_type_free, smpi_type_size, f77_wtime, f77_wtick

  interface operator(==)
    module procedure same_comm, same_request
  end interface
  interface operator(/=)
    module procedure other_comm, other_request
  end interface

contains

  double precision function MPI_Wtime()
    MPI_Wtime = f77_wtime()
  end function

  double precision function MPI_Wtick()
    MPI_Wtick = f77_wtick()
  end function

  elemental logical function same_comm(a, b)
    type(MPI_Comm), intent(in) :: a, b
    same_comm = a%MPI_VAL == b%MPI_VAL
  end function

  elemental logical function other_comm(a, b)
    type(MPI_Comm), intent(in) :: a, b
    other_comm = a%MPI_VAL /= b%MPI_VAL
  end function

  elemental logical function same_request(a, b)
    type(MPI_Request), intent(in) :: a, b
    same_request = a%MPI_VAL == b%MPI_VAL
  end function

  elemental logical function other_request(a, b)
    type(MPI_Request), intent(in) :: a, b
    other_request = a%MPI_VAL /= b%MPI_VAL
  end function

  subroutine MPI_Init(ierror)
    integer, optional, intent(out) :: ierror
    integer :: e
    call find_addresses()
    call smpi_init(e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Initialized(a1, ierror)
    logical :: a1
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_initialized(a1, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Finalize(ierror)
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_finalize(e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Init_thread(a1, a2, ierror)
    integer, intent(in) :: a1
    integer :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call find_addresses()
    call smpi_init_thread(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Abort(a1, a2, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, intent(in) :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_abort(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Comm_rank(a1, a2, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_comm_rank(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Comm_size(a1, a2, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_comm_size(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Comm_split(a1, a2, a3, a4, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, intent(in) :: a2, a3
    type(MPI_Comm) :: a4
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_comm_split(a1, a2, a3, a4, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Comm_dup(a1, a2, ierror)
    type(MPI_Comm), intent(in) :: a1
    type(MPI_Comm) :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_comm_dup(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Comm_free(a1, ierror)
    type(MPI_Comm) :: a1
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_comm_free(a1, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Barrier(a1, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_barrier(a1, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Send(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_send(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Ssend(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_ssend(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Bsend(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_bsend(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Rsend(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_rsend(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Isend(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    type(MPI_Request) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_isend(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Issend(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    type(MPI_Request) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_issend(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Recv(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    type(MPI_Status) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_recv(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Irecv(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a6
    type(MPI_Request) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_irecv(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Sendrecv(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a6
    type(*), dimension(*) :: a1, a6
    integer, intent(in) :: a2, a4, a5, a7, a9, a10
    type(MPI_Datatype), intent(in) :: a3, a8
    type(MPI_Comm), intent(in) :: a11
    type(MPI_Status) :: a12
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_sendrecv(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Sendrecv_replace(a1, a2, a3, a4, a5, a6, a7, a8, a9, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4, a5, a6, a7
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a8
    type(MPI_Status) :: a9
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_sendrecv_replace(a1, a2, a3, a4, a5, a6, a7, a8, a9, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Probe(a1, a2, a3, a4, ierror)
    integer, intent(in) :: a1, a2
    type(MPI_Comm), intent(in) :: a3
    type(MPI_Status) :: a4
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_probe(a1, a2, a3, a4, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Iprobe(a1, a2, a3, a4, a5, ierror)
    integer, intent(in) :: a1, a2
    type(MPI_Comm), intent(in) :: a3
    logical :: a4
    type(MPI_Status) :: a5
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_iprobe(a1, a2, a3, a4, a5, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Get_count(a1, a2, a3, ierror)
    type(MPI_Status) :: a1
    type(MPI_Datatype), intent(in) :: a2
    integer :: a3
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_get_count(a1, a2, a3, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Wait(a1, a2, ierror)
    type(MPI_Request) :: a1
    type(MPI_Status) :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_wait(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Waitall(a1, a2, a3, ierror)
    integer, intent(in) :: a1
    type(MPI_Request) :: a2(*)
    type(MPI_Status) :: a3(*)
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_waitall(a1, a2, a3, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Waitany(a1, a2, a3, a4, ierror)
    integer, intent(in) :: a1
    type(MPI_Request) :: a2(*)
    integer :: a3
    type(MPI_Status) :: a4
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_waitany(a1, a2, a3, a4, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Test(a1, a2, a3, ierror)
    type(MPI_Request) :: a1
    logical :: a2
    type(MPI_Status) :: a3
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_test(a1, a2, a3, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Testall(a1, a2, a3, a4, ierror)
    integer, intent(in) :: a1
    type(MPI_Request) :: a2(*)
    logical :: a3
    type(MPI_Status) :: a4(*)
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_testall(a1, a2, a3, a4, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Bcast(a1, a2, a3, a4, a5, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
    type(*), dimension(*) :: a1
    integer, intent(in) :: a2, a4
    type(MPI_Datatype), intent(in) :: a3
    type(MPI_Comm), intent(in) :: a5
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_bcast(a1, a2, a3, a4, a5, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Reduce(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
    type(*), dimension(*) :: a1, a2
    integer, intent(in) :: a3, a6
    type(MPI_Datatype), intent(in) :: a4
    type(MPI_Op), intent(in) :: a5
    type(MPI_Comm), intent(in) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_reduce(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Allreduce(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
    type(*), dimension(*) :: a1, a2
    integer, intent(in) :: a3
    type(MPI_Datatype), intent(in) :: a4
    type(MPI_Op), intent(in) :: a5
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_allreduce(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Scan(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
    type(*), dimension(*) :: a1, a2
    integer, intent(in) :: a3
    type(MPI_Datatype), intent(in) :: a4
    type(MPI_Op), intent(in) :: a5
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_scan(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Exscan(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
    type(*), dimension(*) :: a1, a2
    integer, intent(in) :: a3
    type(MPI_Datatype), intent(in) :: a4
    type(MPI_Op), intent(in) :: a5
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_exscan(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Gather(a1, a2, a3, a4, a5, a6, a7, a8, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
    type(*), dimension(*) :: a1, a4
    integer, intent(in) :: a2, a5, a7
    type(MPI_Datatype), intent(in) :: a3, a6
    type(MPI_Comm), intent(in) :: a8
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_gather(a1, a2, a3, a4, a5, a6, a7, a8, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Gatherv(a1, a2, a3, a4, a5, a6, a7, a8, a9, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
    type(*), dimension(*) :: a1, a4
    integer, intent(in) :: a2, a5(*), a6(*), a8
    type(MPI_Datatype), intent(in) :: a3, a7
    type(MPI_Comm), intent(in) :: a9
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_gatherv(a1, a2, a3, a4, a5, a6, a7, a8, a9, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Scatter(a1, a2, a3, a4, a5, a6, a7, a8, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
    type(*), dimension(*) :: a1, a4
    integer, intent(in) :: a2, a5, a7
    type(MPI_Datatype), intent(in) :: a3, a6
    type(MPI_Comm), intent(in) :: a8
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_scatter(a1, a2, a3, a4, a5, a6, a7, a8, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Scatterv(a1, a2, a3, a4, a5, a6, a7, a8, a9, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a5
    type(*), dimension(*) :: a1, a5
    integer, intent(in) :: a2(*), a3(*), a6, a8
    type(MPI_Datatype), intent(in) :: a4, a7
    type(MPI_Comm), intent(in) :: a9
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_scatterv(a1, a2, a3, a4, a5, a6, a7, a8, a9, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Allgather(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
    type(*), dimension(*) :: a1, a4
    integer, intent(in) :: a2, a5
    type(MPI_Datatype), intent(in) :: a3, a6
    type(MPI_Comm), intent(in) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_allgather(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Allgatherv(a1, a2, a3, a4, a5, a6, a7, a8, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
    type(*), dimension(*) :: a1, a4
    integer, intent(in) :: a2, a5(*), a6(*)
    type(MPI_Datatype), intent(in) :: a3, a7
    type(MPI_Comm), intent(in) :: a8
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_allgatherv(a1, a2, a3, a4, a5, a6, a7, a8, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Alltoall(a1, a2, a3, a4, a5, a6, a7, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
    type(*), dimension(*) :: a1, a4
    integer, intent(in) :: a2, a5
    type(MPI_Datatype), intent(in) :: a3, a6
    type(MPI_Comm), intent(in) :: a7
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_alltoall(a1, a2, a3, a4, a5, a6, a7, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Alltoallv(a1, a2, a3, a4, a5, a6, a7, a8, a9, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a5
    type(*), dimension(*) :: a1, a5
    integer, intent(in) :: a2(*), a3(*), a6(*), a7(*)
    type(MPI_Datatype), intent(in) :: a4, a8
    type(MPI_Comm), intent(in) :: a9
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_alltoallv(a1, a2, a3, a4, a5, a6, a7, a8, a9, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Reduce_scatter(a1, a2, a3, a4, a5, a6, ierror)
    !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
    type(*), dimension(*) :: a1, a2
    integer, intent(in) :: a3(*)
    type(MPI_Datatype), intent(in) :: a4
    type(MPI_Op), intent(in) :: a5
    type(MPI_Comm), intent(in) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_reduce_scatter(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Cart_create(a1, a2, a3, a4, a5, a6, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, intent(in) :: a2, a3(*)
    logical, intent(in) :: a4(*), a5
    type(MPI_Comm) :: a6
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_cart_create(a1, a2, a3, a4, a5, a6, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Cart_coords(a1, a2, a3, a4, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, intent(in) :: a2, a3
    integer :: a4(*)
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_cart_coords(a1, a2, a3, a4, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Cart_rank(a1, a2, a3, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, intent(in) :: a2(*)
    integer :: a3
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_cart_rank(a1, a2, a3, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Cart_shift(a1, a2, a3, a4, a5, ierror)
    type(MPI_Comm), intent(in) :: a1
    integer, intent(in) :: a2, a3
    integer :: a4, a5
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_cart_shift(a1, a2, a3, a4, a5, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Dims_create(a1, a2, a3, ierror)
    integer, intent(in) :: a1, a2
    integer :: a3(*)
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_dims_create(a1, a2, a3, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Type_contiguous(a1, a2, a3, ierror)
    integer, intent(in) :: a1
    type(MPI_Datatype), intent(in) :: a2
    type(MPI_Datatype) :: a3
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_type_contiguous(a1, a2, a3, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Type_vector(a1, a2, a3, a4, a5, ierror)
    integer, intent(in) :: a1, a2, a3
    type(MPI_Datatype), intent(in) :: a4
    type(MPI_Datatype) :: a5
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_type_vector(a1, a2, a3, a4, a5, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Type_commit(a1, ierror)
    type(MPI_Datatype) :: a1
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_type_commit(a1, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Type_free(a1, ierror)
    type(MPI_Datatype) :: a1
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_type_free(a1, e)
    if (present(ierror)) ierror = e
  end subroutine
  subroutine MPI_Type_size(a1, a2, ierror)
    type(MPI_Datatype), intent(in) :: a1
    integer :: a2
    integer, optional, intent(out) :: ierror
    integer :: e
    call smpi_type_size(a1, a2, e)
    if (present(ierror)) ierror = e
  end subroutine
end module
