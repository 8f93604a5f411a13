#include "sim/faults.h"

namespace usine::sim {
namespace {

constexpr Millis kAgentAwayMin{100};
constexpr Millis kAgentAwayMax{90'000};  // shorter or longer than the lease
constexpr Millis kRestartMin{5'000};
constexpr Millis kRestartMax{120'000};
constexpr Millis kDeadMin{100'000};
constexpr Millis kDeadMax{600'000};
constexpr Millis kPartedMin{100};
constexpr Millis kPartedMax{150'000};

const Caller kRoot{"root", 0, 0, true};

void nobody(const std::optional<Result<Reply>>&) {}

}  // namespace

void Faults::strike() {
  const NodeId id{static_cast<std::uint32_t>(parts_.chance.below(nodes_.size()))};
  NodeHost& node = *nodes_[id.value];
  switch (parts_.chance.below(10)) {
    case 0: return scheduler_.crash();
    case 1: return spoil_commit();
    case 2: return crash_agent(node);
    case 3: return restart_node(node);
    case 4: return kill_node(id);
    case 5: return part(id);
    case 6: return drain(id);
    case 7: return node.fail_next_prepare(PrepareFault::kSlow);
    case 8: return fail_script(id);
    default:
      return node.fail_next_prepare(parts_.chance.one_in(2) ? PrepareFault::kRefused
                                                            : PrepareFault::kNodeFault);
  }
}

void Faults::spoil_commit() {
  scheduler_.fail_commit(static_cast<CommitFault>(1 + parts_.chance.below(4)));
}

void Faults::crash_agent(NodeHost& node) {
  if (!node.has_agent()) return;
  node.crash_agent();
  parts_.agenda.in(parts_.chance.between(kAgentAwayMin, kAgentAwayMax),
                   [&node] { node.start_agent(); });
}

void Faults::restart_node(NodeHost& node) {
  if (!node.is_powered()) return;
  node.power_off();
  parts_.agenda.in(parts_.chance.between(kRestartMin, kRestartMax), [&node] {
    node.power_on();
    node.start_agent();
  });
}

// The operator fences the node while it is surely off, some time before it is back.
void Faults::kill_node(NodeId id) {
  NodeHost& node = *nodes_[id.value];
  if (!node.is_powered()) return;
  node.power_off();
  const Millis dead = parts_.chance.between(kDeadMin, kDeadMax);
  const Millis fenced = parts_.chance.between(Millis{0}, dead - Millis{1});
  const std::string& name = parts_.config->nodes[id.value].name;
  parts_.agenda.in(fenced, [this, &name] {
    scheduler_.call(ActOnNode{kRoot, name, NodeAction::kFence, "no power"}, nobody);
  });
  parts_.agenda.in(dead, [&node] {
    node.power_on();
    node.start_agent();
  });
}

void Faults::part(NodeId id) {
  parts_.story.tell(parts_.agenda.now(), text_of(id) + " is cut off");
  parts_.network.cut_off(id);
  parts_.agenda.in(parts_.chance.between(kPartedMin, kPartedMax),
                   [this, id] { parts_.network.join_up(id); });
}

// Where the site has such scripts. An operator looks after the node some time later.
void Faults::fail_script(NodeId id) {
  const bool before = parts_.chance.one_in(2);
  const bool hangs = parts_.chance.one_in(3);
  nodes_[id.value]->fail_next_script(
      before ? agent::SiteScript::kProlog : agent::SiteScript::kEpilog,
      hangs ? ScriptFault::kHangs : ScriptFault::kFails);
  const std::string& name = parts_.config->nodes[id.value].name;
  parts_.agenda.in(parts_.chance.between(kDeadMin, kDeadMax), [this, &name] {
    scheduler_.call(ActOnNode{kRoot, name, NodeAction::kResume, {}}, nobody);
  });
}

void Faults::drain(NodeId id) {
  const std::string& name = parts_.config->nodes[id.value].name;
  scheduler_.call(ActOnNode{kRoot, name, NodeAction::kDrain, "maintenance"}, nobody);
  parts_.agenda.in(parts_.chance.between(kRestartMin, kRestartMax), [this, &name] {
    scheduler_.call(ActOnNode{kRoot, name, NodeAction::kResume, {}}, nobody);
  });
}

}  // namespace usine::sim
