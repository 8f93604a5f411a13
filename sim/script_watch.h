// Whether the site's prolog and epilog keep their place around jobs (B45): nobody gets what an
// attempt had before its epilog has ended, a failed script drains its node, and no job pays for a
// prolog that failed. Told from what happens on the nodes and from the committed events. Part of
// the witness.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/site_script.h"
#include "common/ids.h"
#include "model/agent_messages.h"
#include "scheduler/core/event.h"

namespace usine::sim {

class ScriptWatch {
 public:
  // Each gives what is wrong, in words; empty: nothing.

  // The attempt begins to get ready on a node, by its prolog or its shepherd.
  [[nodiscard]] std::string entered(NodeId node, const Prepare& prepare);
  // Nothing of it is left there, and no script of it is to run.
  void left(NodeId node, AttemptKey key) { present_[node].erase(key); }
  // A script ended with this failure, which the agent knows of; no other has the same words.
  void failed(NodeId node, const std::string& failure) { failures_[failure] = {node, 0}; }
  // What the node had not told goes with its memory, or with its disk.
  void lost_power(NodeId node);
  // Every event once, in order.
  [[nodiscard]] std::string take(const Event& event);
  // Once nothing happens any more.
  [[nodiscard]] std::string at_end() const;

 private:
  struct Failure {
    NodeId node;
    int drains = 0;  // that tell of it and none before
  };

  void drained(const NodeDrained& event);

  std::map<NodeId, std::map<AttemptKey, JobNode>> present_;
  std::map<std::string, Failure> failures_;
  std::map<NodeId, std::string> told_;  // the reason of the drain that stands
  std::set<JobId> failed_prologs_;      // of jobs that are stopping for one
};

}  // namespace usine::sim
