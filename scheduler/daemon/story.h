// The story of one job or one node: which of the journal's events mention it, and the answer to
// ListEvents with them as the log has them. The journal is read by the background thread.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "common/ids.h"
#include "model/caller.h"
#include "proto/operations.pb.h"
#include "scheduler/core/event.h"
#include "scheduler/daemon/background_thread.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/unary_call.h"
#include "scheduler/store/history_reader.h"

namespace usine::daemon {

// Takes events in their order and says of each whether it belongs to the story.
class StoryFilter {
 public:
  explicit StoryFilter(JobId job) : job_(job) {}
  // `visible`: the jobs that may be told of; none: all.
  StoryFilter(NodeId node, std::optional<std::set<JobId>> visible)
      : node_(node), visible_(std::move(visible)) {}

  [[nodiscard]] bool takes(const Event& event);

 private:
  template <typename E>
  [[nodiscard]] bool mentions(const E& event);
  [[nodiscard]] bool places_here(const AttemptPlaced& event);

  JobId job_;
  std::optional<NodeId> node_;
  std::optional<std::set<JobId>> visible_;
  std::set<JobId> here_;  // jobs that have been placed on the node
};

// Who asks for what, and what is known of it; on the reader's thread.
struct StoryQuestion {
  const View& view;
  const Caller& caller;
  const proto::ListEventsRequest& request;
  store::HistoryReader& history;
};

// Has the background thread look through the journal of `store`. A job's events are for its owner
// and for operators; of a node others see what happened to it and to their own jobs. Errors:
// kNotFound, kPermission, kInvalid.
void tell_story(const StoryQuestion& question, BackgroundThread& background,
                const store::StoreFile& store, Responder<proto::ListEventsReply> respond);

}  // namespace usine::daemon
