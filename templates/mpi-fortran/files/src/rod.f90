! Heat in a thin rod whose ends are kept at 0. The rod is cut into pieces, one for each rank.
module rod
  use, intrinsic :: iso_fortran_env, only: real64
  use mpi_f08
  implicit none
  private

  public :: rod_piece, rod_start, rod_step, rod_error, rod_mean, decay

  ! How far heat gets in one step; up to a half, the computation is stable.
  real(real64), parameter :: spread = 0.25_real64
  real(real64), parameter :: pi = acos(-1.0_real64)
  integer, parameter :: tag_left = 1, tag_right = 2

  ! The piece of one rank. Its points have a neighbour's point before and after them, the halo.
  type :: rod_piece
    type(MPI_Comm) :: comm
    integer :: rank, ranks
    integer :: points                      ! of the whole rod, without its two ends
    integer :: first, last                 ! those that are ours, counted from 1
    integer :: left, right                 ! the neighbours, or MPI_PROC_NULL at an end
    real(real64), allocatable :: now(:)    ! first - 1 to last + 1
    real(real64), allocatable :: next(:)
  end type rod_piece

contains

  ! A rod that is warm as a sine wave of `waves` half waves. The heat of such a rod fades, and the
  ! wave keeps its form: so it is known exactly what must come out.
  function rod_start(comm, points, waves) result(piece)
    type(MPI_Comm), intent(in) :: comm
    integer, intent(in) :: points, waves
    type(rod_piece) :: piece
    integer :: i

    piece%comm = comm
    piece%points = points
    call MPI_Comm_rank(comm, piece%rank)
    call MPI_Comm_size(comm, piece%ranks)
    piece%first = piece%rank * points / piece%ranks + 1
    piece%last = (piece%rank + 1) * points / piece%ranks
    piece%left = merge(piece%rank - 1, MPI_PROC_NULL, piece%rank > 0)
    piece%right = merge(piece%rank + 1, MPI_PROC_NULL, piece%rank + 1 < piece%ranks)

    allocate(piece%now(piece%first - 1:piece%last + 1), source=0.0_real64)
    allocate(piece%next, mold=piece%now)
    piece%next = 0
    do i = piece%first, piece%last
      piece%now(i) = wave(points, waves, i)
    end do
  end function rod_start

  ! The temperature of point i at the beginning.
  pure function wave(points, waves, i) result(temperature)
    integer, intent(in) :: points, waves, i
    real(real64) :: temperature

    temperature = 100 * sin(pi * waves * i / (points + 1))
  end function wave

  ! By what a step multiplies the temperatures of a rod with `waves` half waves.
  pure function decay(points, waves) result(factor)
    integer, intent(in) :: points, waves
    real(real64) :: factor

    factor = 1 - 4 * spread * sin(pi * waves / (2 * (points + 1)))**2
  end function decay

  ! Our first and last point go to the neighbours, and theirs come into our halo.
  subroutine exchange_ends(piece)
    type(rod_piece), intent(inout) :: piece

    associate (first => piece%first, last => piece%last)
      call MPI_Sendrecv(piece%now(first), 1, MPI_DOUBLE_PRECISION, piece%left, tag_left, &
                        piece%now(last + 1), 1, MPI_DOUBLE_PRECISION, piece%right, tag_left, &
                        piece%comm, MPI_STATUS_IGNORE)
      call MPI_Sendrecv(piece%now(last), 1, MPI_DOUBLE_PRECISION, piece%right, tag_right, &
                        piece%now(first - 1), 1, MPI_DOUBLE_PRECISION, piece%left, tag_right, &
                        piece%comm, MPI_STATUS_IGNORE)
    end associate
  end subroutine exchange_ends

  ! One step in time, on all ranks.
  subroutine rod_step(piece)
    type(rod_piece), intent(inout) :: piece
    real(real64), allocatable :: old(:)

    call exchange_ends(piece)
    associate (first => piece%first, last => piece%last, now => piece%now)
      piece%next(first:last) = now(first:last) + spread * &
        (now(first - 1:last - 1) - 2 * now(first:last) + now(first + 1:last + 1))
    end associate
    call move_alloc(piece%now, old)
    call move_alloc(piece%next, piece%now)
    call move_alloc(old, piece%next)
  end subroutine rod_step

  ! The greatest difference from what must come out after `steps` steps; on all ranks.
  function rod_error(piece, waves, steps) result(error)
    type(rod_piece), intent(in) :: piece
    integer, intent(in) :: waves, steps
    real(real64) :: error
    integer :: i

    error = 0
    do i = piece%first, piece%last
      error = max(error, abs(piece%now(i) - &
        wave(piece%points, waves, i) * decay(piece%points, waves)**steps))
    end do
    call MPI_Allreduce(MPI_IN_PLACE, error, 1, MPI_DOUBLE_PRECISION, MPI_MAX, piece%comm)
  end function rod_error

  ! The mean temperature of the rod, on all ranks.
  function rod_mean(piece) result(mean)
    type(rod_piece), intent(in) :: piece
    real(real64) :: mean

    mean = sum(piece%now(piece%first:piece%last)) / piece%points
    call MPI_Allreduce(MPI_IN_PLACE, mean, 1, MPI_DOUBLE_PRECISION, MPI_SUM, piece%comm)
  end function rod_mean

end module rod
