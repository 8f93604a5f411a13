// A job of several nodes that is running: a real shepherd for each, all on this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/support/temp_folder.h"

namespace usine::test {

// A job whose batch script waits for the file `done`, started on all its nodes.
class RunningJob {
 public:
  explicit RunningJob(std::uint32_t nodes, std::uint32_t tasks_per_node = 1,
                      std::int64_t kill_wait_ms = 30'000,
                      const std::vector<std::string>& wrapper = {})
      : RunningJob(spec_of(nodes, tasks_per_node, kill_wait_ms), wrapper) {}
  explicit RunningJob(proto::JobSpec spec, const std::vector<std::string>& wrapper = {}) {
    std::vector<std::string> peers;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(spec.nodes_size()); ++i) {
      spec.set_this_node(i);
      agents_.push_back(std::make_unique<FakeAgent>(folder_, spec, wrapper));
      peers.push_back(agents_.back()->ready().address());
    }
    // The head alone is told where its peers are.
    for (const auto& agent : agents_) agent->start(agent == agents_[0] ? peers : Peers());
  }
  // The same job as a specification.
  [[nodiscard]] static proto::JobSpec spec_of(std::uint32_t nodes, std::uint32_t tasks_per_node,
                                              std::int64_t kill_wait_ms) {
    proto::JobSpec spec = job_spec("until [ -e done ]; do sleep 0.02; done", nodes);
    spec.mutable_components(0)->set_tasks_per_node(tasks_per_node);
    spec.mutable_components(0)->set_tasks(nodes * tasks_per_node);
    spec.set_kill_wait_ms(kill_wait_ms);
    return spec;
  }

  [[nodiscard]] FakeAgent& node(std::size_t i) { return *agents_[i]; }
  [[nodiscard]] FakeClient client() const { return FakeClient(agents_[0]->job_folder()); }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }

 private:
  using Peers = std::vector<std::string>;

  TempFolder folder_;
  std::vector<std::unique_ptr<FakeAgent>> agents_;
};

}  // namespace usine::test
