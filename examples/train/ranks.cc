#include "examples/train/ranks.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace usine::train {
namespace {

struct RankPlace {
  std::array<char, MPI_MAX_PROCESSOR_NAME> node{};
  std::array<char, 256> gpus{};
};

// The node's name as its scheduler knows it, which an emulated node's host name may not be.
RankPlace own_place() {
  RankPlace place;
  if (const char* const node = std::getenv("SLURMD_NODENAME"); node != nullptr) {
    std::strncpy(place.node.data(), node, place.node.size() - 1);
  } else {
    int length = 0;
    MPI_Get_processor_name(place.node.data(), &length);
  }
  const char* const gpus = std::getenv("CUDA_VISIBLE_DEVICES");
  std::strncpy(place.gpus.data(), gpus == nullptr ? "none" : gpus, place.gpus.size() - 1);
  return place;
}

struct NodeRanks {
  std::string name;
  std::size_t ranks = 0;
  std::string gpus;
};

std::vector<NodeRanks> by_node(const std::vector<RankPlace>& places) {
  std::vector<NodeRanks> nodes;
  for (const RankPlace& place : places) {
    auto node = std::ranges::find(nodes, place.node.data(), &NodeRanks::name);
    if (node == nodes.end()) node = nodes.insert(nodes.end(), NodeRanks{place.node.data(), 0, ""});
    if (node->ranks++ > 0) node->gpus += '/';
    node->gpus += place.gpus.data();
  }
  return nodes;
}

}  // namespace

std::string describe_ranks(MPI_Comm world) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &size);
  const RankPlace own = own_place();
  std::vector<RankPlace> places(rank == 0 ? static_cast<std::size_t>(size) : 0);
  MPI_Gather(&own, sizeof(own), MPI_BYTE, places.data(), sizeof(own), MPI_BYTE, 0, world);
  if (rank != 0) return "";

  std::string hosts;
  std::string gpus;
  for (const NodeRanks& node : by_node(places)) {
    hosts += (hosts.empty() ? "" : ",") + node.name + ':' + std::to_string(node.ranks);
    gpus += (gpus.empty() ? "" : ";") + node.gpus;
  }
  return "hosts=" + hosts + " gpus=" + gpus;
}

}  // namespace usine::train
