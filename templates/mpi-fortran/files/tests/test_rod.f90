! The ranks together must find what is known exactly, whatever their number.
program test_rod
  use, intrinsic :: iso_fortran_env, only: real64, output_unit
  use mpi_f08
  use rod
  implicit none

  integer :: rank, failures = 0

  call MPI_Init()
  call MPI_Comm_rank(MPI_COMM_WORLD, rank)
  call test_wave(points=50, waves=1, steps=200)
  call test_wave(points=37, waves=4, steps=100)
  call test_wave(points=4, waves=2, steps=10)
  call test_mean()
  call test_every_point_has_one_rank()
  call MPI_Allreduce(MPI_IN_PLACE, failures, 1, MPI_INTEGER, MPI_MAX, MPI_COMM_WORLD)
  call MPI_Finalize()
  if (failures > 0) error stop 1

contains

  subroutine check(good, what, value)
    logical, intent(in) :: good
    character(len=*), intent(in) :: what
    real(real64), intent(in) :: value

    if (rank == 0 .or. .not. good) then
      print '(a, i0, 3a, es10.3, a)', merge('ok:     rank ', 'FAILED: rank ', good), rank, ': ', &
        what, ' (', value, ')'
      flush (output_unit) ! mpirun ends all ranks when one has failed: print it before
    end if
    if (.not. good) failures = failures + 1
  end subroutine check

  ! A wave keeps its form while it fades.
  subroutine test_wave(points, waves, steps)
    integer, intent(in) :: points, waves, steps
    type(rod_piece) :: piece
    real(real64) :: error
    integer :: i

    piece = rod_start(MPI_COMM_WORLD, points, waves)
    do i = 1, steps
      call rod_step(piece)
    end do
    error = rod_error(piece, waves, steps)
    call check(error < 1e-10_real64, 'a wave fades as it must', error)
    error = rod_error(piece, waves, steps - 1)
    call check(error > 1e-10_real64, 'and is not what it was a step before', error)
  end subroutine test_wave

  ! Of 3 points, the sine is 1/sqrt(2), 1 and 1/sqrt(2). Four ranks would have too few points.
  subroutine test_mean()
    type(rod_piece) :: piece
    real(real64) :: mean
    integer :: ranks

    call MPI_Comm_size(MPI_COMM_WORLD, ranks)
    if (ranks > 3) return
    piece = rod_start(MPI_COMM_WORLD, points=3, waves=1)
    mean = rod_mean(piece)
    call check(abs(mean - 100 * (1 + sqrt(2.0_real64)) / 3) < 1e-10_real64, 'the mean', mean)
  end subroutine test_mean

  subroutine test_every_point_has_one_rank()
    type(rod_piece) :: piece
    integer :: points

    piece = rod_start(MPI_COMM_WORLD, points=23, waves=1)
    call MPI_Allreduce(piece%last - piece%first + 1, points, 1, MPI_INTEGER, MPI_SUM, &
                       MPI_COMM_WORLD)
    call check(points == 23, 'every point belongs to one rank', real(points, real64))
  end subroutine test_every_point_has_one_rank

end program test_rod
