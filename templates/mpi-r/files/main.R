# Usage: main.R [POINTS]: pi, from random points in a square, shared by the ranks.
library(Rmpi)

rank <- mpi.comm.rank(0)
size <- mpi.comm.size(0)

words <- commandArgs(trailingOnly = TRUE)
points <- if (length(words) > 0) as.numeric(words[1]) else 400000
share <- points %/% size + (rank < points %% size)

set.seed(42 + rank)
inside <- sum(runif(share)^2 + runif(share)^2 <= 1)
total <- mpi.reduce(inside, type = 1, op = "sum", dest = 0, comm = 0)
if (rank == 0) {
  cat(sprintf("%d ranks, %.0f points: pi is about %.4f\n", size, points, 4 * total / points))
}
invisible(mpi.quit())
