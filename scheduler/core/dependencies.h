// Where the dependencies of jobs stand (B11 to B20), told from the state: what a part of them is
// now, what an event about one job changes for the jobs that wait for it, and whether a job would
// come to wait for itself. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"

namespace usine {

// Who waits: a job of the state, or one that is about to be submitted.
struct Dependent {
  JobId job;
  const JobRequest& request;
};

// One status for each item. Errors: kNotFound for a job that neither the state nor `past` has, or a
// task that its array has not, by its id.
[[nodiscard]] Result<std::vector<DependencyStatus>> statuses_of(const State& state,
                                                                const Dependent& dependent,
                                                                const Dependencies& dependencies,
                                                                const std::vector<PastJob>& past);

// Whether what `job` waits for in other jobs lets it start at `now`.
[[nodiscard]] bool dependencies_allow(const State& state, const Job& job, Time now);

// Whether the waiting job's statuses are what the state gives now, those aside that rest on jobs
// which it has forgotten. For check_invariants().
[[nodiscard]] bool statuses_are_current(const State& state, const Job& job);

// What `event` changes for other jobs: their dependencies, the end of those that can never start
// where the cluster or the job says so, and the stop of what prepares and must wait again (B20).
// `state` has the event applied; what it returns has consequences in turn.
[[nodiscard]] std::vector<Event> dependency_consequences(const State& state, const Event& event,
                                                         Time now);

// The jobs through which `job` would wait for itself if it had these dependencies, itself first and
// last; empty where it would not (B19).
[[nodiscard]] std::vector<JobId> find_dependency_cycle(const State& state, const Job& job,
                                                       const Dependencies& dependencies);

}  // namespace usine
