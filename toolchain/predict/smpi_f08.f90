! SPDX-License-Identifier: MIT
! What the module mpi_f08 is made of for SMPI: its handles, and the routines that take them.
!
! SMPI has only mpif.h and the module mpi, where handles are numbers. A handle of mpi_f08 is a type with one
! number in it (MPI standard 3.1, 17.2.5), so SMPI's own routines take it by its address as it is.

module smpi_f08
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_intptr_t, c_long_long, c_ptr
  use mpi, only: f77_comm_null => MPI_COMM_NULL, f77_comm_world => MPI_COMM_WORLD, &
      f77_comm_self => MPI_COMM_SELF, f77_request_null => MPI_REQUEST_NULL, &
      f77_datatype_null => MPI_DATATYPE_NULL, f77_byte => MPI_BYTE, f77_character => MPI_CHARACTER, &
      f77_logical => MPI_LOGICAL, f77_integer => MPI_INTEGER, f77_integer1 => MPI_INTEGER1, &
      f77_integer2 => MPI_INTEGER2, f77_integer4 => MPI_INTEGER4, f77_integer8 => MPI_INTEGER8, &
      f77_real => MPI_REAL, f77_real4 => MPI_REAL4, f77_real8 => MPI_REAL8, &
      f77_double_precision => MPI_DOUBLE_PRECISION, f77_complex => MPI_COMPLEX, &
      f77_double_complex => MPI_DOUBLE_COMPLEX, f77_op_null => MPI_OP_NULL, f77_max => MPI_MAX, &
      f77_min => MPI_MIN, f77_sum => MPI_SUM, f77_prod => MPI_PROD, f77_land => MPI_LAND, &
      f77_lor => MPI_LOR, f77_band => MPI_BAND, f77_bor => MPI_BOR, f77_maxloc => MPI_MAXLOC, &
      f77_minloc => MPI_MINLOC
  implicit none
  public

  integer, parameter :: MPI_INTEGER_KIND = c_int, MPI_ADDRESS_KIND = c_intptr_t
  integer, parameter :: MPI_OFFSET_KIND = c_long_long, MPI_COUNT_KIND = c_long_long

  type, bind(C) :: MPI_Comm
    integer(c_int) :: MPI_VAL
  end type

  type, bind(C) :: MPI_Datatype
    integer(c_int) :: MPI_VAL
  end type

  type, bind(C) :: MPI_Op
    integer(c_int) :: MPI_VAL
  end type

  type, bind(C) :: MPI_Request
    integer(c_int) :: MPI_VAL
  end type

  type, bind(C) :: MPI_Status
    integer(c_int) :: MPI_SOURCE, MPI_TAG, MPI_ERROR
    integer(c_int), private :: count, cancelled
  end type

  type(MPI_Comm), parameter :: MPI_COMM_NULL = MPI_Comm(f77_comm_null)
  type(MPI_Comm), parameter :: MPI_COMM_WORLD = MPI_Comm(f77_comm_world)
  type(MPI_Comm), parameter :: MPI_COMM_SELF = MPI_Comm(f77_comm_self)
  type(MPI_Request), parameter :: MPI_REQUEST_NULL = MPI_Request(f77_request_null)
  type(MPI_Datatype), parameter :: MPI_DATATYPE_NULL = MPI_Datatype(f77_datatype_null)
  type(MPI_Datatype), parameter :: MPI_BYTE = MPI_Datatype(f77_byte)
  type(MPI_Datatype), parameter :: MPI_CHARACTER = MPI_Datatype(f77_character)
  type(MPI_Datatype), parameter :: MPI_LOGICAL = MPI_Datatype(f77_logical)
  type(MPI_Datatype), parameter :: MPI_INTEGER = MPI_Datatype(f77_integer)
  type(MPI_Datatype), parameter :: MPI_INTEGER1 = MPI_Datatype(f77_integer1)
  type(MPI_Datatype), parameter :: MPI_INTEGER2 = MPI_Datatype(f77_integer2)
  type(MPI_Datatype), parameter :: MPI_INTEGER4 = MPI_Datatype(f77_integer4)
  type(MPI_Datatype), parameter :: MPI_INTEGER8 = MPI_Datatype(f77_integer8)
  type(MPI_Datatype), parameter :: MPI_REAL = MPI_Datatype(f77_real)
  type(MPI_Datatype), parameter :: MPI_REAL4 = MPI_Datatype(f77_real4)
  type(MPI_Datatype), parameter :: MPI_REAL8 = MPI_Datatype(f77_real8)
  type(MPI_Datatype), parameter :: MPI_DOUBLE_PRECISION = MPI_Datatype(f77_double_precision)
  type(MPI_Datatype), parameter :: MPI_COMPLEX = MPI_Datatype(f77_complex)
  type(MPI_Datatype), parameter :: MPI_DOUBLE_COMPLEX = MPI_Datatype(f77_double_complex)
  type(MPI_Op), parameter :: MPI_OP_NULL = MPI_Op(f77_op_null)
  type(MPI_Op), parameter :: MPI_MAX = MPI_Op(f77_max)
  type(MPI_Op), parameter :: MPI_MIN = MPI_Op(f77_min)
  type(MPI_Op), parameter :: MPI_SUM = MPI_Op(f77_sum)
  type(MPI_Op), parameter :: MPI_PROD = MPI_Op(f77_prod)
  type(MPI_Op), parameter :: MPI_LAND = MPI_Op(f77_land)
  type(MPI_Op), parameter :: MPI_LOR = MPI_Op(f77_lor)
  type(MPI_Op), parameter :: MPI_BAND = MPI_Op(f77_band)
  type(MPI_Op), parameter :: MPI_BOR = MPI_Op(f77_bor)
  type(MPI_Op), parameter :: MPI_MAXLOC = MPI_Op(f77_maxloc)
  type(MPI_Op), parameter :: MPI_MINLOC = MPI_Op(f77_minloc)

  ! SMPI knows these by their addresses, see f08.c.
  integer(c_int), pointer, protected :: MPI_IN_PLACE => null()
  type(MPI_Status), pointer, protected :: MPI_STATUS_IGNORE => null(), MPI_STATUSES_IGNORE(:) => null()

  interface
    type(c_ptr) function in_place() bind(C, name="pisdk_in_place")
      import
    end function
    type(c_ptr) function status_ignore() bind(C, name="pisdk_status_ignore")
      import
    end function
    type(c_ptr) function statuses_ignore() bind(C, name="pisdk_statuses_ignore")
      import
    end function
  end interface
  private :: in_place, status_ignore, statuses_ignore

  interface
    subroutine smpi_init(e) bind(C, name="mpi_init_")
      import
      integer :: e
    end subroutine
    subroutine smpi_initialized(a1, e) bind(C, name="mpi_initialized_")
      import
      logical :: a1
      integer :: e
    end subroutine
    subroutine smpi_finalize(e) bind(C, name="mpi_finalize_")
      import
      integer :: e
    end subroutine
    subroutine smpi_init_thread(a1, a2, e) bind(C, name="mpi_init_thread_")
      import
      integer, intent(in) :: a1
      integer :: a2
      integer :: e
    end subroutine
    subroutine smpi_abort(a1, a2, e) bind(C, name="mpi_abort_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer, intent(in) :: a2
      integer :: e
    end subroutine
    subroutine smpi_comm_rank(a1, a2, e) bind(C, name="mpi_comm_rank_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer :: a2
      integer :: e
    end subroutine
    subroutine smpi_comm_size(a1, a2, e) bind(C, name="mpi_comm_size_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer :: a2
      integer :: e
    end subroutine
    subroutine smpi_comm_split(a1, a2, a3, a4, e) bind(C, name="mpi_comm_split_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer, intent(in) :: a2, a3
      type(MPI_Comm) :: a4
      integer :: e
    end subroutine
    subroutine smpi_comm_dup(a1, a2, e) bind(C, name="mpi_comm_dup_")
      import
      type(MPI_Comm), intent(in) :: a1
      type(MPI_Comm) :: a2
      integer :: e
    end subroutine
    subroutine smpi_comm_free(a1, e) bind(C, name="mpi_comm_free_")
      import
      type(MPI_Comm) :: a1
      integer :: e
    end subroutine
    subroutine smpi_barrier(a1, e) bind(C, name="mpi_barrier_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer :: e
    end subroutine
    subroutine smpi_send(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_send_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_ssend(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_ssend_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_bsend(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_bsend_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_rsend(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_rsend_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_isend(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_isend_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      type(MPI_Request) :: a7
      integer :: e
    end subroutine
    subroutine smpi_issend(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_issend_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      type(MPI_Request) :: a7
      integer :: e
    end subroutine
    subroutine smpi_recv(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_recv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      type(MPI_Status) :: a7
      integer :: e
    end subroutine
    subroutine smpi_irecv(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_irecv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a6
      type(MPI_Request) :: a7
      integer :: e
    end subroutine
    subroutine smpi_sendrecv(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, e) bind(C, &
        name="mpi_sendrecv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a6
      type(*), dimension(*) :: a1, a6
      integer, intent(in) :: a2, a4, a5, a7, a9, a10
      type(MPI_Datatype), intent(in) :: a3, a8
      type(MPI_Comm), intent(in) :: a11
      type(MPI_Status) :: a12
      integer :: e
    end subroutine
    subroutine smpi_sendrecv_replace(a1, a2, a3, a4, a5, a6, a7, a8, a9, e) bind(C, &
        name="mpi_sendrecv_replace_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4, a5, a6, a7
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a8
      type(MPI_Status) :: a9
      integer :: e
    end subroutine
    subroutine smpi_probe(a1, a2, a3, a4, e) bind(C, name="mpi_probe_")
      import
      integer, intent(in) :: a1, a2
      type(MPI_Comm), intent(in) :: a3
      type(MPI_Status) :: a4
      integer :: e
    end subroutine
    subroutine smpi_iprobe(a1, a2, a3, a4, a5, e) bind(C, name="mpi_iprobe_")
      import
      integer, intent(in) :: a1, a2
      type(MPI_Comm), intent(in) :: a3
      logical :: a4
      type(MPI_Status) :: a5
      integer :: e
    end subroutine
    subroutine smpi_get_count(a1, a2, a3, e) bind(C, name="mpi_get_count_")
      import
      type(MPI_Status) :: a1
      type(MPI_Datatype), intent(in) :: a2
      integer :: a3
      integer :: e
    end subroutine
    subroutine smpi_wait(a1, a2, e) bind(C, name="mpi_wait_")
      import
      type(MPI_Request) :: a1
      type(MPI_Status) :: a2
      integer :: e
    end subroutine
    subroutine smpi_waitall(a1, a2, a3, e) bind(C, name="mpi_waitall_")
      import
      integer, intent(in) :: a1
      type(MPI_Request) :: a2(*)
      type(MPI_Status) :: a3(*)
      integer :: e
    end subroutine
    subroutine smpi_waitany(a1, a2, a3, a4, e) bind(C, name="mpi_waitany_")
      import
      integer, intent(in) :: a1
      type(MPI_Request) :: a2(*)
      integer :: a3
      type(MPI_Status) :: a4
      integer :: e
    end subroutine
    subroutine smpi_test(a1, a2, a3, e) bind(C, name="mpi_test_")
      import
      type(MPI_Request) :: a1
      logical :: a2
      type(MPI_Status) :: a3
      integer :: e
    end subroutine
    subroutine smpi_testall(a1, a2, a3, a4, e) bind(C, name="mpi_testall_")
      import
      integer, intent(in) :: a1
      type(MPI_Request) :: a2(*)
      logical :: a3
      type(MPI_Status) :: a4(*)
      integer :: e
    end subroutine
    subroutine smpi_bcast(a1, a2, a3, a4, a5, e) bind(C, name="mpi_bcast_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1
      type(*), dimension(*) :: a1
      integer, intent(in) :: a2, a4
      type(MPI_Datatype), intent(in) :: a3
      type(MPI_Comm), intent(in) :: a5
      integer :: e
    end subroutine
    subroutine smpi_reduce(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_reduce_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
      type(*), dimension(*) :: a1, a2
      integer, intent(in) :: a3, a6
      type(MPI_Datatype), intent(in) :: a4
      type(MPI_Op), intent(in) :: a5
      type(MPI_Comm), intent(in) :: a7
      integer :: e
    end subroutine
    subroutine smpi_allreduce(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_allreduce_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
      type(*), dimension(*) :: a1, a2
      integer, intent(in) :: a3
      type(MPI_Datatype), intent(in) :: a4
      type(MPI_Op), intent(in) :: a5
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_scan(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_scan_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
      type(*), dimension(*) :: a1, a2
      integer, intent(in) :: a3
      type(MPI_Datatype), intent(in) :: a4
      type(MPI_Op), intent(in) :: a5
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_exscan(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_exscan_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
      type(*), dimension(*) :: a1, a2
      integer, intent(in) :: a3
      type(MPI_Datatype), intent(in) :: a4
      type(MPI_Op), intent(in) :: a5
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_gather(a1, a2, a3, a4, a5, a6, a7, a8, e) bind(C, name="mpi_gather_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
      type(*), dimension(*) :: a1, a4
      integer, intent(in) :: a2, a5, a7
      type(MPI_Datatype), intent(in) :: a3, a6
      type(MPI_Comm), intent(in) :: a8
      integer :: e
    end subroutine
    subroutine smpi_gatherv(a1, a2, a3, a4, a5, a6, a7, a8, a9, e) bind(C, name="mpi_gatherv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
      type(*), dimension(*) :: a1, a4
      integer, intent(in) :: a2, a5(*), a6(*), a8
      type(MPI_Datatype), intent(in) :: a3, a7
      type(MPI_Comm), intent(in) :: a9
      integer :: e
    end subroutine
    subroutine smpi_scatter(a1, a2, a3, a4, a5, a6, a7, a8, e) bind(C, name="mpi_scatter_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
      type(*), dimension(*) :: a1, a4
      integer, intent(in) :: a2, a5, a7
      type(MPI_Datatype), intent(in) :: a3, a6
      type(MPI_Comm), intent(in) :: a8
      integer :: e
    end subroutine
    subroutine smpi_scatterv(a1, a2, a3, a4, a5, a6, a7, a8, a9, e) bind(C, name="mpi_scatterv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a5
      type(*), dimension(*) :: a1, a5
      integer, intent(in) :: a2(*), a3(*), a6, a8
      type(MPI_Datatype), intent(in) :: a4, a7
      type(MPI_Comm), intent(in) :: a9
      integer :: e
    end subroutine
    subroutine smpi_allgather(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_allgather_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
      type(*), dimension(*) :: a1, a4
      integer, intent(in) :: a2, a5
      type(MPI_Datatype), intent(in) :: a3, a6
      type(MPI_Comm), intent(in) :: a7
      integer :: e
    end subroutine
    subroutine smpi_allgatherv(a1, a2, a3, a4, a5, a6, a7, a8, e) bind(C, name="mpi_allgatherv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
      type(*), dimension(*) :: a1, a4
      integer, intent(in) :: a2, a5(*), a6(*)
      type(MPI_Datatype), intent(in) :: a3, a7
      type(MPI_Comm), intent(in) :: a8
      integer :: e
    end subroutine
    subroutine smpi_alltoall(a1, a2, a3, a4, a5, a6, a7, e) bind(C, name="mpi_alltoall_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a4
      type(*), dimension(*) :: a1, a4
      integer, intent(in) :: a2, a5
      type(MPI_Datatype), intent(in) :: a3, a6
      type(MPI_Comm), intent(in) :: a7
      integer :: e
    end subroutine
    subroutine smpi_alltoallv(a1, a2, a3, a4, a5, a6, a7, a8, a9, e) bind(C, name="mpi_alltoallv_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a5
      type(*), dimension(*) :: a1, a5
      integer, intent(in) :: a2(*), a3(*), a6(*), a7(*)
      type(MPI_Datatype), intent(in) :: a4, a8
      type(MPI_Comm), intent(in) :: a9
      integer :: e
    end subroutine
    subroutine smpi_reduce_scatter(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_reduce_scatter_")
      import
      !GCC$ ATTRIBUTES NO_ARG_CHECK :: a1, a2
      type(*), dimension(*) :: a1, a2
      integer, intent(in) :: a3(*)
      type(MPI_Datatype), intent(in) :: a4
      type(MPI_Op), intent(in) :: a5
      type(MPI_Comm), intent(in) :: a6
      integer :: e
    end subroutine
    subroutine smpi_cart_create(a1, a2, a3, a4, a5, a6, e) bind(C, name="mpi_cart_create_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer, intent(in) :: a2, a3(*)
      logical, intent(in) :: a4(*), a5
      type(MPI_Comm) :: a6
      integer :: e
    end subroutine
    subroutine smpi_cart_coords(a1, a2, a3, a4, e) bind(C, name="mpi_cart_coords_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer, intent(in) :: a2, a3
      integer :: a4(*)
      integer :: e
    end subroutine
    subroutine smpi_cart_rank(a1, a2, a3, e) bind(C, name="mpi_cart_rank_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer, intent(in) :: a2(*)
      integer :: a3
      integer :: e
    end subroutine
    subroutine smpi_cart_shift(a1, a2, a3, a4, a5, e) bind(C, name="mpi_cart_shift_")
      import
      type(MPI_Comm), intent(in) :: a1
      integer, intent(in) :: a2, a3
      integer :: a4, a5
      integer :: e
    end subroutine
    subroutine smpi_dims_create(a1, a2, a3, e) bind(C, name="mpi_dims_create_")
      import
      integer, intent(in) :: a1, a2
      integer :: a3(*)
      integer :: e
    end subroutine
    subroutine smpi_type_contiguous(a1, a2, a3, e) bind(C, name="mpi_type_contiguous_")
      import
      integer, intent(in) :: a1
      type(MPI_Datatype), intent(in) :: a2
      type(MPI_Datatype) :: a3
      integer :: e
    end subroutine
    subroutine smpi_type_vector(a1, a2, a3, a4, a5, e) bind(C, name="mpi_type_vector_")
      import
      integer, intent(in) :: a1, a2, a3
      type(MPI_Datatype), intent(in) :: a4
      type(MPI_Datatype) :: a5
      integer :: e
    end subroutine
    subroutine smpi_type_commit(a1, e) bind(C, name="mpi_type_commit_")
      import
      type(MPI_Datatype) :: a1
      integer :: e
    end subroutine
    subroutine smpi_type_free(a1, e) bind(C, name="mpi_type_free_")
      import
      type(MPI_Datatype) :: a1
      integer :: e
    end subroutine
    subroutine smpi_type_size(a1, a2, e) bind(C, name="mpi_type_size_")
      import
      type(MPI_Datatype), intent(in) :: a1
      integer :: a2
      integer :: e
    end subroutine
  end interface

contains

  subroutine find_addresses()
    call c_f_pointer(in_place(), MPI_IN_PLACE)
    call c_f_pointer(status_ignore(), MPI_STATUS_IGNORE)
    call c_f_pointer(statuses_ignore(), MPI_STATUSES_IGNORE, [1])
  end subroutine
end module
