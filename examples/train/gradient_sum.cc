#include "examples/train/gradient_sum.h"

namespace usine::train {
namespace {

class MpiGradientSum final : public GradientSum {
 public:
  explicit MpiGradientSum(MPI_Comm world) : world_(world) {}

  void add_up(std::span<double> values) override {
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM,
                  world_);
  }

 private:
  MPI_Comm world_;
};

}  // namespace

Transport choose_transport(MPI_Comm world) {
  std::string reason;
  if (auto nccl = open_nccl(world, reason)) return {std::move(nccl), "nccl", std::move(reason)};
  return {std::make_unique<MpiGradientSum>(world), "mpi", std::move(reason)};
}

}  // namespace usine::train
