#include "sim/cluster.h"

#include <utility>

namespace usine::sim {

Cluster::Cluster(std::uint64_t seed, std::shared_ptr<const ClusterConfig> config)
    : chance_(seed),
      network_(agenda_, chance_),
      parts_{agenda_, chance_, network_, journal_, witness_, story_, std::move(config)},
      scheduler_(parts_) {
  for (std::uint32_t i = 0; i < parts_.config->nodes.size(); ++i) {
    nodes_.push_back(std::make_unique<NodeHost>(parts_, NodeId{i}));
  }
  network_.set_sides(
      {[this](StreamId stream, const FromAgent& message) { scheduler_.hear(stream, message); },
       [this](StreamId stream) { scheduler_.lose(stream); },
       [this](NodeId node, StreamId stream, const ToAgent& message) {
         nodes_[node.value]->hear(stream, message);
       },
       [this](NodeId node, StreamId stream) { nodes_[node.value]->lose(stream); }});
}

void Cluster::start() {
  scheduler_.start();
  for (const auto& node : nodes_) node->start_agent();
}

void Cluster::run_for(Millis duration) {
  const Time end = agenda_.now() + duration;
  agenda_.at(end, [] {});  // so that time goes on where nothing else happens
  while (agenda_.step(end)) {
  }
}

}  // namespace usine::sim
