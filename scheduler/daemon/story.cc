#include "scheduler/daemon/story.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "scheduler/daemon/event_log.h"
#include "scheduler/daemon/views.h"
#include "scheduler/store/event_reader.h"

namespace usine::daemon {
namespace {

constexpr std::uint32_t kEventsMax = 1'000;
constexpr std::chrono::hours kNodeStory{24};  // unless another beginning is asked for

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

// What to look for in which part of the journal.
struct Search {
  StoryFilter filter;
  Time from;
  std::optional<Time> to;  // none: up to now
  std::uint32_t limit = 0;
  std::shared_ptr<const ClusterConfig> config;
  Time now;
};

Search search_for(StoryFilter filter, Time from, const StoryQuestion& question) {
  const proto::ListEventsRequest& request = question.request;
  if (request.has_from_ms()) from = Time(Millis(request.from_ms()));
  const std::uint32_t limit = request.limit() == 0 ? kEventsMax : request.limit();
  const View& view = question.view;
  return {std::move(filter), from,    std::nullopt, std::min(limit, kEventsMax),
          view.state.config, view.now};
}

bool may_see(const Caller& caller, const std::string& owner) {
  return caller.is_operator || owner == caller.user;
}

Error not_yours(JobId job) {
  return {ErrorCode::kPermission,
          "job " + std::to_string(job.value) + " is another user's: its events are for its owner"};
}

Result<Search> search_of_past_job(const StoryQuestion& question, JobId id) {
  store::HistoryFilter filter;
  filter.job = id;
  const auto page = question.history.list(filter);
  if (!page) return fail(page.error());
  if (page->entries.empty()) {
    return fail(ErrorCode::kNotFound, "there is no job " + std::to_string(id.value));
  }
  const HistoryRow& last = page->entries.back();
  if (!may_see(question.caller, last.user)) return fail(not_yours(id));
  Search search = search_for(StoryFilter(id), last.submitted, question);
  if (last.final) search.to = last.ended;
  return search;
}

Result<Search> search_of_job(const StoryQuestion& question, JobId id) {
  const Job* const job = question.view.state.find_job(id);
  if (job == nullptr) return search_of_past_job(question, id);
  if (!may_see(question.caller, job->request->user)) return fail(not_yours(id));
  return search_for(StoryFilter(id), job->submitted, question);
}

Result<Search> search_of_node(const StoryQuestion& question) {
  const State& state = question.view.state;
  const auto node = state.node_by_name.find(question.request.node());
  if (node == state.node_by_name.end()) {
    return fail(ErrorCode::kNotFound,
                "there is no node '" + question.request.node() + "': `usine node list` names them");
  }
  std::optional<std::set<JobId>> visible;
  if (!question.caller.is_operator) {
    visible.emplace();
    for (const auto& [id, job] : state.jobs) {
      if (job.request->user == question.caller.user) visible->insert(id);
    }
  }
  return search_for(StoryFilter(node->second, std::move(visible)), question.view.now - kNodeStory,
                    question);
}

void keep(std::deque<proto::EventInfo>& kept, const Applied& row, const Event& event,
          const ClusterConfig& config) {
  const auto line = log_line(event, config);
  if (!line) return;
  proto::EventInfo info;
  info.set_sequence(row.sequence.value);
  info.set_time_ms(to_ms(row.time));
  info.set_name(std::string(name_of(event)));
  const std::size_t blank = line->find(' ');  // behind "event=NAME"
  info.set_text(blank == std::string::npos ? "" : line->substr(blank + 1));
  kept.push_back(std::move(info));
}

Result<proto::ListEventsReply> look_through(const store::StoreFile& store, Search search) {
  auto reader = store::EventReader::open(store);
  if (!reader) return fail(reader.error());
  const auto begins_after = reader->begins_after(search.from);
  if (!begins_after) return fail(begins_after.error());
  proto::ListEventsReply reply;
  reply.set_cut(*begins_after);
  reply.set_as_of_ms(to_ms(search.now));
  std::deque<proto::EventInfo> kept;
  const Status read = reader->read(search.from, [&](const Applied& row) {
    if (search.to && row.time > *search.to) return false;
    for (const Event& event : row.events) {
      if (search.filter.takes(event)) keep(kept, row, event, *search.config);
      if (kept.size() <= search.limit) continue;
      kept.pop_front();
      reply.set_cut(true);
    }
    return true;
  });
  if (!read) return fail(read.error());
  for (proto::EventInfo& info : kept) *reply.add_events() = std::move(info);
  return reply;
}

}  // namespace

template <typename E>
bool StoryFilter::mentions(const E& event) {
  JobId job;
  if constexpr (requires { event.key.job; }) job = event.key.job;
  if constexpr (requires { JobId{event.job}; }) job = event.job;
  if (!node_) {
    if constexpr (requires { JobId{event.array}; }) return job_ == event.array || job_ == job;
    return job_ == job;
  }
  if constexpr (requires { NodeId{event.node}; }) return *node_ == event.node;
  if (visible_ && !visible_->contains(job)) return false;
  if constexpr (std::is_same_v<E, AttemptPlaced>) return places_here(event);
  if constexpr (requires { event.key.job; }) return here_.contains(job);
  return false;
}

bool StoryFilter::places_here(const AttemptPlaced& event) {
  const bool here = std::ranges::any_of(
      event.allocation.nodes, [this](const NodeShare& share) { return share.node == *node_; });
  // A job that is placed anew elsewhere is not of this story any more.
  if (here) {
    here_.insert(event.job);
  } else {
    here_.erase(event.job);
  }
  return here;
}

bool StoryFilter::takes(const Event& event) {
  return std::visit([this](const auto& one) { return mentions(one); }, event);
}

void tell_story(const StoryQuestion& question, BackgroundThread& background,
                const store::StoreFile& store, Responder<proto::ListEventsReply> respond) {
  const proto::ListEventsRequest& request = question.request;
  if ((request.job() != 0) == !request.node().empty()) {
    respond(fail(ErrorCode::kInvalid, "name one job or one node"));
    return;
  }
  auto search =
      request.job() != 0 ? search_of_job(question, JobId{request.job()}) : search_of_node(question);
  if (!search) {
    respond(fail(search.error()));
    return;
  }
  // Where it is not accepted, the dropped duty to answer says so.
  static_cast<void>(background.try_do(
      [store, search = *std::move(search), respond = std::move(respond)]() mutable {
        respond(look_through(store, std::move(search)));
      }));
}

}  // namespace usine::daemon
