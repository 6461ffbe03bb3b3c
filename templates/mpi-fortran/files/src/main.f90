! Heat that fades in a rod: NAME [POINTS [STEPS]]
program main
  use, intrinsic :: iso_fortran_env, only: real64, error_unit
  use mpi_f08
  use rod
  implicit none

  type(rod_piece) :: piece
  integer :: rank, ranks, points, steps, i
  real(real64) :: start, mean, error

  call MPI_Init()
  call MPI_Comm_rank(MPI_COMM_WORLD, rank)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks)
  points = argument(1, 1000)
  steps = argument(2, 2000)
  if (points < ranks .or. points > 1000000 .or. steps < 0) then
    if (rank == 0) then
      write (error_unit, '(a)') 'usage: [POINTS [STEPS]]: a point for each rank, up to 1000000'
    end if
    call MPI_Finalize()
    error stop 2
  end if

  piece = rod_start(MPI_COMM_WORLD, points, waves=1)
  call introduce(piece)
  start = MPI_Wtime()
  do i = 1, steps
    call rod_step(piece)
  end do
  mean = rod_mean(piece)
  error = rod_error(piece, waves=1, steps=steps)
  if (rank == 0) then
    print '(i0, a, i0, a, f0.3, a, es7.1, a, f4.2, a)', points, ' points, ', steps, &
      ' steps: mean temperature ', mean, ', error ', error, ' (', MPI_Wtime() - start, ' s)'
  end if
  call MPI_Finalize()

contains

  ! An argument of the program as a number; -1 when it is not one.
  function argument(position, otherwise) result(number)
    integer, intent(in) :: position, otherwise
    integer :: number, status
    character(len=32) :: word

    number = otherwise
    if (command_argument_count() >= position) then
      call get_command_argument(position, word)
      read (word, *, iostat=status) number
      if (status /= 0) number = -1
    end if
  end function argument

  ! Rank by rank, who computes where.
  subroutine introduce(piece)
    type(rod_piece), intent(in) :: piece
    integer :: part(2), from

    part = [piece%first, piece%last]
    if (piece%rank /= 0) then
      call MPI_Send(part, 2, MPI_INTEGER, 0, 0, piece%comm)
      return
    end if
    do from = 0, piece%ranks - 1
      if (from > 0) call MPI_Recv(part, 2, MPI_INTEGER, from, 0, piece%comm, MPI_STATUS_IGNORE)
      print '(a, i0, a, i0, a, i0, a, i0)', 'rank ', from, ' of ', piece%ranks, ': points ', &
        part(1), ' to ', part(2)
    end do
  end subroutine introduce

end program main
