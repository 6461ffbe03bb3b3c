// One step in time on the rows of a rank, with the exchange of edges that comes before it.
//
// Python's lock is released meanwhile, so that other threads of the program can go on.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <mpi4py/mpi4py.h>
#include <numpy/arrayobject.h>

struct grid {
    double *heat, *next;
    int rows, columns; // with those of the neighbours
};

static double *row(double *values, const struct grid *g, int i)
{
    return values + (size_t)i * (size_t)g->columns;
}

static void exchange(MPI_Comm comm, const struct grid *g)
{
    int rank;
    int size;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    int above = rank > 0 ? rank - 1 : MPI_PROC_NULL;
    int below = rank + 1 < size ? rank + 1 : MPI_PROC_NULL;
    MPI_Sendrecv(row(g->heat, g, 1), g->columns, MPI_DOUBLE, above, 0, row(g->heat, g, g->rows - 1),
                 g->columns, MPI_DOUBLE, below, 0, comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(row(g->heat, g, g->rows - 2), g->columns, MPI_DOUBLE, below, 0, row(g->heat, g, 0),
                 g->columns, MPI_DOUBLE, above, 0, comm, MPI_STATUS_IGNORE);
}

static double compute(const struct grid *g)
{
    double greatest = 0.0;
    for (int i = 1; i + 1 < g->rows; i++) {
        const double *up = row(g->heat, g, i - 1);
        const double *here = row(g->heat, g, i);
        const double *down = row(g->heat, g, i + 1);
        double *next = row(g->next, g, i);
        for (int j = 1; j + 1 < g->columns; j++) {
            next[j] = 0.25 * (up[j] + down[j] + here[j - 1] + here[j + 1]);
            double change = next[j] > here[j] ? next[j] - here[j] : here[j] - next[j];
            greatest = change > greatest ? change : greatest;
        }
    }
    return greatest;
}

static int is_grid(PyArrayObject *a)
{
    return PyArray_NDIM(a) == 2 && PyArray_TYPE(a) == NPY_DOUBLE && PyArray_ISCARRAY(a) &&
           PyArray_DIM(a, 0) >= 2;
}

static PyObject *step(PyObject *self, PyObject *args)
{
    PyObject *communicator;
    PyArrayObject *heat;
    PyArrayObject *next;
    (void)self;

    if (!PyArg_ParseTuple(args, "OO!O!", &communicator, &PyArray_Type, &heat, &PyArray_Type,
                          &next)) {
        return NULL;
    }
    MPI_Comm *comm = PyMPIComm_Get(communicator);
    if (!comm) {
        return NULL;
    }
    if (!is_grid(heat) || !is_grid(next) || !PyArray_SAMESHAPE(heat, next)) {
        PyErr_SetString(PyExc_ValueError,
                        "two arrays of doubles of the same two dimensions, in C's order");
        return NULL;
    }
    struct grid grid = {.heat = PyArray_DATA(heat),
                        .next = PyArray_DATA(next),
                        .rows = (int)PyArray_DIM(heat, 0),
                        .columns = (int)PyArray_DIM(heat, 1)};
    double greatest;
    Py_BEGIN_ALLOW_THREADS;
    exchange(*comm, &grid);
    double own = compute(&grid);
    MPI_Allreduce(&own, &greatest, 1, MPI_DOUBLE, MPI_MAX, *comm);
    Py_END_ALLOW_THREADS;
    return PyFloat_FromDouble(greatest);
}

static PyMethodDef methods[] = {
    {"step", step, METH_VARARGS,
     "step(comm, heat, next): fills next from heat; returns the greatest change of all ranks."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    import_array();
    return import_mpi4py() < 0 ? NULL : PyModule_Create(&module);
}
