/* An MPI program to try a cluster with: every rank says where it runs, and the sum of all ranks'
   numbers must be what it has to be.
     mpicc -o sum examples/mpi/sum.c */
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  printf("rank %d of %d on %s\n", rank, size, host);
  fflush(stdout);

  long mine = rank + 1;
  long sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
  const long expected = (long)size * (size + 1) / 2;
  if (rank == 0) printf("sum %ld %s\n", sum, sum == expected ? "right" : "wrong");
  MPI_Finalize();
  return sum == expected ? 0 : 1;
}
