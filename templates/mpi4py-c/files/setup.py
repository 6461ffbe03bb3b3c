"""What pyproject.toml cannot say: the module in C."""

import os

import mpi4py
import numpy
from setuptools import Extension, setup

os.environ["CC"] = "mpicc"  # knows where MPI is, on a board and in `pisdk build`

setup(
    name="@NAME@",
    version="1.0",
    package_dir={"": "src"},
    packages=["plate"],
    ext_modules=[
        Extension(
            "plate._kernel",
            ["src/plate/_kernel.c"],
            include_dirs=[mpi4py.get_include(), numpy.get_include()],
            extra_compile_args=["-O3"],
        )
    ],
)
