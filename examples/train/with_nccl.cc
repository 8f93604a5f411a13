#include <array>
#include <cstdio>
#include <cstring>
#include <cuda_runtime_api.h>
#include <nccl.h>
#include <set>
#include <string>
#include <vector>

#include "examples/train/gradient_sum.h"

namespace usine::train {
namespace {

// A rank that cannot go on ends all of them: the others wait for it inside a collective.
void require(bool succeeded, const char* what, const char* reason) {
  if (succeeded) return;
  std::fprintf(stderr, "usine-train: %s: %s\n", what, reason);
  MPI_Abort(MPI_COMM_WORLD, 1);
}
void require(cudaError_t error, const char* what) {
  require(error == cudaSuccess, what, cudaGetErrorString(error));
}
void require(ncclResult_t result, const char* what) {
  require(result == ncclSuccess, what, ncclGetErrorString(result));
}

class NcclGradientSum final : public GradientSum {
 public:
  NcclGradientSum(MPI_Comm world, int rank, int size) {
    ncclUniqueId id{};
    if (rank == 0) require(ncclGetUniqueId(&id), "naming the NCCL group");
    MPI_Bcast(&id, sizeof(id), MPI_BYTE, 0, world);
    require(ncclCommInitRank(&group_, size, id, rank), "joining the NCCL group");
    require(cudaStreamCreate(&stream_), "making a CUDA stream");
  }
  ~NcclGradientSum() override {
    cudaFree(device_values_);
    cudaStreamDestroy(stream_);
    ncclCommDestroy(group_);
  }

  void add_up(std::span<double> values) override {
    reserve(values.size());
    const std::size_t bytes = values.size_bytes();
    require(cudaMemcpyAsync(device_values_, values.data(), bytes, cudaMemcpyHostToDevice, stream_),
            "copying gradients to the GPU");
    require(ncclAllReduce(device_values_, device_values_, values.size(), ncclDouble, ncclSum,
                          group_, stream_),
            "adding gradients up");
    require(cudaMemcpyAsync(values.data(), device_values_, bytes, cudaMemcpyDeviceToHost, stream_),
            "copying gradients from the GPU");
    require(cudaStreamSynchronize(stream_), "waiting for the GPU");
  }

 private:
  void reserve(std::size_t count) {
    if (count <= capacity_) return;
    cudaFree(device_values_);
    require(cudaMalloc(reinterpret_cast<void**>(&device_values_), count * sizeof(double)),
            "reserving GPU memory");
    capacity_ = count;
  }

  ncclComm_t group_ = nullptr;
  cudaStream_t stream_ = nullptr;
  double* device_values_ = nullptr;
  std::size_t capacity_ = 0;
};

// Host and PCI address of a GPU, or an empty text for a rank without one.
using GpuName = std::array<char, MPI_MAX_PROCESSOR_NAME + 32>;

// The GPU of this rank among those it may see: ranks that all see the node's GPUs take one each in
// their order on the node, a rank that sees its own alone takes that.
GpuName take_gpu(int rank, MPI_Comm world) {
  GpuName name{};
  int gpus = 0;
  if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0) gpus = 0;
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  int local_rank = 0;
  MPI_Comm_rank(node, &local_rank);
  MPI_Comm_free(&node);
  if (gpus == 0) return name;

  const int gpu = local_rank % gpus;
  require(cudaSetDevice(gpu), "taking a GPU");
  std::array<char, 32> address{};
  require(cudaDeviceGetPCIBusId(address.data(), static_cast<int>(address.size()), gpu),
          "naming a GPU");
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  std::strncat(name.data(), address.data(), address.size());
  return name;
}

}  // namespace

std::unique_ptr<GradientSum> open_nccl(MPI_Comm world, std::string& reason) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &size);
  const GpuName own = take_gpu(rank, world);
  std::vector<GpuName> all(static_cast<std::size_t>(size));
  MPI_Allgather(own.data(), sizeof(GpuName), MPI_CHAR, all.data(), sizeof(GpuName), MPI_CHAR,
                world);
  std::set<std::string> distinct;
  std::size_t without = 0;
  for (const GpuName& name : all) {
    distinct.insert(name.data());
    if (name[0] == '\0') ++without;
  }
  if (without == all.size()) {
    reason = "no GPU found";
  } else if (without > 0) {
    reason = std::to_string(without) + " ranks found no GPU";
  } else if (distinct.size() < all.size()) {
    reason = "ranks share GPUs";
  } else {
    reason = "every rank has a GPU";
    return std::make_unique<NcclGradientSum>(world, rank, size);
  }
  return nullptr;
}

}  // namespace usine::train
