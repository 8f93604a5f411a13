// Who takes part in a run: the nodes the ranks are on and the GPUs each was given, for the first
// line that the trainer prints.
#pragma once

#include <string>

#include <mpi.h>

namespace usine::train {

// "hosts=n1:2,n2:2 gpus=0,1/2,3;0,1/2,3": the nodes in rank order with their number of ranks, and
// for each node its ranks' CUDA_VISIBLE_DEVICES ("none" where unset). On rank 0; others get "".
[[nodiscard]] std::string describe_ranks(MPI_Comm world);

}  // namespace usine::train
