// A rank for tests of the launch: it makes its peers' acquaintance in every way that the wire-up
// has to support, and rank 0 prints what the ranks found. With the argument "abort", rank 1 calls
// MPI_Abort(7) instead and the others wait for it for ever; with "exit" it leaves with 9.
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <mpi.h>

namespace {

// Larger than any eager limit, so that the ranks' real transport carries it.
constexpr int kLargeCount = 1 << 20;

bool large_sum_is_right(int world_size) {
  const std::vector<double> ones(kLargeCount, 1.0);
  std::vector<double> sums(kLargeCount, 0.0);
  MPI_Allreduce(ones.data(), sums.data(), kLargeCount, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  for (const double sum : sums) {
    if (sum != world_size) return false;
  }
  return true;
}

int size_on_this_node(int rank) {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  int size = 0;
  MPI_Comm_size(node, &size);
  MPI_Comm_free(&node);
  return size;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int world_size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world_size);
  if (argc > 1 && std::string_view(argv[1]) == "abort") {
    if (rank == 1) MPI_Abort(MPI_COMM_WORLD, 7);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  if (argc > 1 && std::string_view(argv[1]) == "exit") {
    if (rank == 1) std::_Exit(9);
    MPI_Barrier(MPI_COMM_WORLD);
  }

  int sum = 0;
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const bool right = large_sum_is_right(world_size);
  const int node_size = size_on_this_node(rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    std::printf("world=%d node=%d sum=%d large=%s\n", world_size, node_size, sum,
                right ? "right" : "wrong");
  }
  MPI_Finalize();
  return right ? 0 : 1;
}
