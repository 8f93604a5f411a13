#include "scheduler/core/reservations.h"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace usine {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// ---- who may use one --------------------------------------------------------------------------

std::string names_seen(const State& state, const Caller& caller, const std::string& project) {
  std::string names;
  for (const auto& [name, one] : state.reservations) {
    if (!may_see(state, one.request, caller, project)) continue;
    names += (names.empty() ? "; there are " : ", ") + name;
  }
  return names.empty() ? "; there is none" : names;
}

// ---- when it is closed ------------------------------------------------------------------------

// Whether a window that has not ended yet lies in [from, to) in part.
bool meets_window(const NodeReservation& reservation, Time from, Time to) {
  for (std::uint32_t number = reservation.window;; ++number) {
    const auto window = window_of(reservation.request, number);
    if (!window || window->begin >= to) return false;
    if (window->overlaps(from, to)) return true;
  }
}

// Whether the whole stay lies in one window.
bool within_window(const NodeReservation& reservation, const Stay& stay) {
  for (std::uint32_t number = reservation.window;; ++number) {
    const auto window = window_of(reservation.request, number);
    if (!window || window->begin > stay.from) return false;
    if (stay.limit <= window->end) return true;
  }
}

Time window_begin(const NodeReservation& reservation) {
  return window_of(reservation.request, reservation.window)->begin;
}

// The reservation that the job names, where it can stay in it.
const NodeReservation* host_of(const State& state, const Stay& stay) {
  const auto found = state.reservations.find(stay.reservation);
  if (found == state.reservations.end() || !within_window(found->second, stay)) return nullptr;
  return &found->second;
}

// ---- its nodes --------------------------------------------------------------------------------

bool works(const Node& node) { return node.link != NodeLink::kDown && !node.drain; }

// Maintenance may lie over what others have reserved, and they over it.
bool excludes(const ReservationRequest& one, const NodeReservation& other) {
  return !one.maintenance && !other.request.maintenance && one.name != other.request.name;
}

// Which reservation has the node at a time when `request` would; null where none has.
const NodeReservation* rival_for(const State& state, const ReservationRequest& request,
                                 NodeId node) {
  for (const auto& [name, other] : state.reservations) {
    if (!excludes(request, other) || !other.nodes.contains(node)) continue;
    if (first_overlap(request, other.request)) return &other;
  }
  return nullptr;
}

// Whether a job there may still run when the first window opens.
bool is_taken_at(const State& state, NodeId id, Time start) {
  return std::ranges::any_of(state.node(id).jobs, [&](JobId job) {
    const Job& holder = *state.find_job(job);
    return holder.attempt->started.value_or(holder.attempt->placed) + holder.limit() > start;
  });
}

Result<std::set<NodeId>> named_nodes(const State& state, const ReservationRequest& request) {
  std::set<NodeId> nodes;
  for (const std::string& name : request.nodes) {
    const auto found = state.node_by_name.find(name);
    if (found == state.node_by_name.end()) {
      return fail(ErrorCode::kNotFound,
                  "there is no node '" + name + "': `usine node list` shows all");
    }
    if (const NodeReservation* rival = rival_for(state, request, found->second)) {
      return fail(ErrorCode::kRefused,
                  "node " + name + " is in reservation '" + rival->request.name + "' at " +
                      format_time(*first_overlap(request, rival->request)) + " already");
    }
    nodes.insert(found->second);
  }
  return nodes;
}

Result<PartitionId> partition_of(const State& state, const std::string& name) {
  const auto& partitions = state.config->partitions;
  for (std::uint32_t i = 0; i < partitions.size(); ++i) {
    if (name.empty() ? partitions[i].is_default : partitions[i].name == name) return PartitionId{i};
  }
  return fail(ErrorCode::kNotFound, "there is no partition '" + name + "'");
}

// Whether the node may take the place of one that failed.
bool is_spare(const State& state, const NodeReservation& reservation, NodeId id) {
  return works(state.node(id)) && !reservation.nodes.contains(id) &&
         rival_for(state, reservation.request, id) == nullptr;
}

// ---- what an event changes --------------------------------------------------------------------

class NodeConsequences {
 public:
  explicit NodeConsequences(const State& state) : state_(state) {}

  void of_failure(NodeId node) {
    for (const auto& [name, one] : state_.reservations) {
      const bool affected = one.nodes.contains(node) && !one.failed.contains(node);
      if (!affected || one.request.maintenance) continue;
      if (const auto spare = spare_for(one)) {
        replace(name, node, *spare);
      } else {
        add({name, node, ReservedNodeChange::kFailed, {}});
      }
    }
  }

  void of_return(NodeId node) {
    if (!works(state_.node(node))) return;
    for (const auto& [name, one] : state_.reservations) {
      if (one.failed.contains(node)) {
        add({name, node, ReservedNodeChange::kBack, {}});
      } else if (one.request.replace && one.degraded() && takes(one, node)) {
        replace(name, *one.failed.begin(), node);
      }
    }
  }

  [[nodiscard]] std::vector<Event> take() { return std::move(events_); }

 private:
  void add(ReservedNodeChanged event) { events_.emplace_back(std::move(event)); }

  void replace(const std::string& name, NodeId failed, NodeId spare) {
    taken_.insert(spare);  // another reservation may look for one as well
    add({name, failed, ReservedNodeChange::kReplaced, spare});
  }

  [[nodiscard]] bool takes(const NodeReservation& one, NodeId node) const {
    const auto partition = partition_of(state_, one.request.partition);
    if (!partition || taken_.contains(node)) return false;
    const auto& members = state_.config->partitions[partition->value].nodes;
    return std::ranges::binary_search(members, node) && is_spare(state_, one, node);
  }

  // Idle ones first, so that few have to wait for running jobs.
  [[nodiscard]] std::optional<NodeId> spare_for(const NodeReservation& one) const {
    if (!one.request.replace) return std::nullopt;
    const auto partition = partition_of(state_, one.request.partition);
    if (!partition) return std::nullopt;
    std::optional<NodeId> busy;
    for (const NodeId node : state_.config->partitions[partition->value].nodes) {
      if (!takes(one, node)) continue;
      if (!is_taken_at(state_, node, next_turn(one))) return node;
      if (!busy) busy = node;
    }
    return busy;
  }

  const State& state_;
  std::set<NodeId> taken_;
  std::vector<Event> events_;
};

}  // namespace

bool may_use(const ReservationRequest& reservation, const std::string& user,
             const std::string& project) {
  return contains(reservation.users, user) || contains(reservation.projects, project);
}

bool may_see(const State& state, const ReservationRequest& reservation, const Caller& caller,
             const std::string& project) {
  if (!reservation.is_private || caller.is_operator) return true;
  if (may_use(reservation, caller.user, project)) return true;
  return std::ranges::any_of(state.config->projects, [&](const Project& one) {
    return contains(reservation.projects, one.name) && contains(one.members, caller.user);
  });
}

Status check_reservation_of(const State& state, const Caller& caller, const JobRequest& request) {
  if (request.reservation.empty()) return {};
  const auto found = state.reservations.find(request.reservation);
  if (found == state.reservations.end() ||
      !may_see(state, found->second.request, caller, request.project)) {
    return fail(ErrorCode::kNotFound, "there is no reservation '" + request.reservation + "'" +
                                          names_seen(state, caller, request.project));
  }
  const NodeReservation& reservation = found->second;
  if (!caller.is_operator && !may_use(reservation.request, caller.user, request.project)) {
    return fail(ErrorCode::kPermission, "reservation '" + request.reservation + "' is for others");
  }
  if (request.time_limit > reservation.request.length) {
    return fail(ErrorCode::kRefused, "the time limit " + format_duration(request.time_limit) +
                                         " is above the " +
                                         format_duration(reservation.request.length) +
                                         " that reservation '" + request.reservation + "' lasts");
  }
  if (request.total_nodes() > reservation.nodes.size()) {
    return fail(ErrorCode::kRefused, std::to_string(request.total_nodes()) +
                                         " nodes are more than the " +
                                         std::to_string(reservation.nodes.size()) +
                                         " of reservation '" + request.reservation + "'");
  }
  return {};
}

Stay stay_of(const State& state, const Job& job, Time from) {
  const Time limit = from + job.limit();
  return {from, limit, limit + state.config->timings.kill_wait, job.request->reservation};
}

bool is_open(const State& state, NodeId node, const Stay& stay) {
  if (!stay.reservation.empty()) {
    const NodeReservation* host = host_of(state, stay);
    if (host == nullptr || !host->nodes.contains(node)) return false;
  }
  return std::ranges::none_of(state.reservations, [&](const auto& entry) {
    const auto& [name, one] = entry;
    return name != stay.reservation && one.nodes.contains(node) &&
           meets_window(one, stay.from, stay.gone);
  });
}

const NodeReservation* first_in_the_way(const State& state, const Stay& stay) {
  const NodeReservation* first = nullptr;
  for (const auto& [name, one] : state.reservations) {
    if (name == stay.reservation || !meets_window(one, stay.from, stay.gone)) continue;
    if (first == nullptr || window_begin(one) < window_begin(*first)) first = &one;
  }
  return first;
}

std::set<NodeId> closed_nodes(const State& state, const Stay& stay) {
  std::set<NodeId> closed;
  if (!stay.reservation.empty()) {
    const NodeReservation* host = host_of(state, stay);
    for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
      const bool is_host = host != nullptr && host->nodes.contains(NodeId{i});
      if (!is_host) closed.insert(closed.end(), NodeId{i});
    }
  }
  for (const auto& [name, one] : state.reservations) {
    if (name == stay.reservation || !meets_window(one, stay.from, stay.gone)) continue;
    closed.insert(one.nodes.begin(), one.nodes.end());
  }
  return closed;
}

Time next_turn(const NodeReservation& reservation) {
  const Window window = *window_of(reservation.request, reservation.window);
  return reservation.open ? window.end : window.begin;
}

Result<std::set<NodeId>> choose_nodes(const State& state, const ReservationRequest& request) {
  if (!request.nodes.empty()) return named_nodes(state, request);
  const auto partition = partition_of(state, request.partition);
  if (!partition) return fail(partition.error());
  // Those that work first, then those that no job holds when it begins.
  std::vector<std::tuple<bool, bool, NodeId>> candidates;
  for (const NodeId node : state.config->partitions[partition->value].nodes) {
    if (rival_for(state, request, node) != nullptr) continue;
    candidates.emplace_back(!works(state.node(node)), is_taken_at(state, node, request.start),
                            node);
  }
  if (candidates.size() < request.node_count) {
    return fail(ErrorCode::kRefused,
                std::to_string(request.node_count) + " nodes are asked for, and partition '" +
                    state.config->partitions[partition->value].name + "' has " +
                    std::to_string(candidates.size()) + " that no other reservation has then");
  }
  std::ranges::sort(candidates);
  std::set<NodeId> nodes;
  for (std::uint32_t i = 0; i < request.node_count; ++i) nodes.insert(std::get<2>(candidates[i]));
  return nodes;
}

std::vector<Event> reservation_consequences(const State& state, const Event& event) {
  if (state.reservations.empty()) return {};
  NodeConsequences follow(state);
  std::visit(
      [&follow](const auto& one) {
        using One = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<One, NodeLost> || std::is_same_v<One, NodeDrained>) {
          follow.of_failure(one.node);
        } else if constexpr (std::is_same_v<One, NodeJoined> || std::is_same_v<One, NodeResumed>) {
          follow.of_return(one.node);
        }
      },
      event);
  return follow.take();
}

}  // namespace usine
