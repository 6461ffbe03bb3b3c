// SPDX-License-Identifier: MIT
// Where libsimgrid has what SMPI knows by its address, for smpi_f08.f90: a variable of Fortran with
// the same name would be another one.

extern int mpi_in_place_, mpi_status_ignore_, mpi_statuses_ignore_;

void *pisdk_in_place(void);
void *pisdk_status_ignore(void);
void *pisdk_statuses_ignore(void);

void *pisdk_in_place(void)
{
    return &mpi_in_place_;
}

void *pisdk_status_ignore(void)
{
    return &mpi_status_ignore_;
}

void *pisdk_statuses_ignore(void)
{
    return &mpi_statuses_ignore_;
}
