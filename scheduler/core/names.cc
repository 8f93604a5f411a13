// The stable names of commands and events, in the order of their variants.
#include <array>
#include <string_view>
#include <variant>

#include "scheduler/core/command.h"
#include "scheduler/core/event.h"

namespace usine {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames = {
    "cluster_configured",  "epoch_started",
    "node_joined",         "node_unreachable",
    "node_lost",           "node_fenced",
    "node_drained",        "node_resumed",
    "job_submitted",       "job_held",
    "job_released",        "attempt_placed",
    "node_prepared",       "attempt_started",
    "stop_requested",      "attempt_node_ended",
    "attempt_ended",       "job_requeued",
    "job_ended",           "job_forgotten",
    "job_limit_set",       "dependency_changed",
    "dependencies_set",    "job_marked",
    "job_claimed",         "claim_dropped",
    "array_task_started",  "array_tasks_ended",
    "array_tasks_renewed", "array_limit_set",
    "reservation_created", "reservation_deleted",
    "reservation_turned",  "reserved_node_changed",
    "attempt_signalled",   "suspension_set",
    "epilog_started"};

constexpr std::array<std::string_view, std::variant_size_v<Command>> kCommandNames = {
    "configure",          "start_epoch",        "submit_job",  "act_on_job",
    "act_on_node",        "agent_hello",        "agent_gone",  "lease_expired",
    "agent_prepared",     "agent_ended",        "commit_plan", "tick",
    "set_job_limit",      "set_dependencies",   "mark_job",    "set_array_limit",
    "create_reservation", "delete_reservation", "update_job"};

static_assert(!kEventNames.back().empty() && !kCommandNames.back().empty());

}  // namespace

std::string_view name_of(const Event& event) { return kEventNames[event.index()]; }

std::string_view name_of(const Command& command) { return kCommandNames[command.index()]; }

}  // namespace usine
