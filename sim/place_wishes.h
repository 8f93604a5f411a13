// Wishes of simulated users about where a job goes, such that the cluster could grant them. Pure.
#pragma once

#include "model/cluster.h"
#include "model/request.h"
#include "sim/chance.h"

namespace usine::sim {

// Nothing changes where what came up could never be granted.
void wish_for_place(Chance& chance, const ClusterConfig& config, Component& component);

}  // namespace usine::sim
