// How the ranks add up their gradients: over NCCL where every rank has a GPU of its own, else over
// MPI. The devices that are found decide, never the environment, so that a job on emulated nodes
// runs as it would on a machine without GPUs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <mpi.h>

namespace usine::train {

class GradientSum {
 public:
  GradientSum() = default;
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;
  virtual ~GradientSum() = default;

  // Replaces each value by its sum over all ranks; every rank calls it with as many values.
  virtual void add_up(std::span<double> values) = 0;
};

struct Transport {
  std::unique_ptr<GradientSum> sum;
  std::string_view name;  // "mpi" or "nccl"
  std::string reason;     // why this one: "no GPU found", "every rank has a GPU"
};

// Called by every rank of `world` together; each gets the same kind.
[[nodiscard]] Transport choose_transport(MPI_Comm world);

// The part that needs NCCL: null, with the reason, where a rank has no GPU of its own or this
// program was built without it.
[[nodiscard]] std::unique_ptr<GradientSum> open_nccl(MPI_Comm world, std::string& reason);

}  // namespace usine::train
