// The one question that is answered from the store and not from the state.
#include <algorithm>

#include "proto/convert_model.h"
#include "scheduler/daemon/privacy.h"
#include "scheduler/daemon/views.h"

namespace usine::daemon {
namespace {

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

std::optional<Time> time_from(bool present, std::int64_t ms) {
  if (!present) return std::nullopt;
  return Time(Millis(ms));
}

proto::HistoryStep step_of(const StepRecord& record) {
  proto::HistoryStep step;
  step.set_step(record.step);
  step.set_name(record.name);
  step.set_tasks(record.tasks);
  step.set_nodes(record.nodes);
  step.set_exit_code(record.exit_code);
  step.set_signal(record.signal);
  step.set_start_ms(to_ms(record.started));
  step.set_elapsed_ms(record.elapsed.count());
  step.set_peak_memory_mib(record.peak_memory_mib);
  *step.mutable_use() = to_proto(record.use);
  return step;
}

void add_steps(proto::HistoryEntry& entry, const StepRecords& steps) {
  for (const StepRecord& step : steps.kept) *entry.add_steps() = step_of(step);
  entry.set_steps_left_out(steps.left_out);
}

proto::HistoryEntry entry_of(const HistoryRow& row) {
  proto::HistoryEntry entry;
  entry.set_job(row.key.job.value);
  entry.set_attempt(row.key.attempt.value);
  entry.set_name(row.name);
  entry.set_user(row.user);
  entry.set_project(row.project);
  entry.set_partition(row.partition);
  entry.set_state(std::string(to_string(row.state)));
  *entry.mutable_exit() = to_proto(row.exit);
  entry.set_message(row.message);
  entry.set_submit_ms(to_ms(row.submitted));
  if (row.started) entry.set_start_ms(to_ms(*row.started));
  entry.set_end_ms(to_ms(row.ended));
  entry.set_elapsed_ms(row.elapsed.count());
  entry.set_nodes(row.nodes);
  entry.set_gpus(row.gpus);
  entry.set_cores(row.cores);
  entry.set_node_list(row.node_list);
  entry.set_peak_memory_mib(row.peak_memory_mib);
  entry.set_gpu_ms(row.gpu_ms);
  entry.set_core_ms(row.core_ms);
  *entry.mutable_use() = to_proto(row.use);
  entry.set_final(row.final);
  entry.set_array_id(row.array_id.value);
  entry.set_array_index(row.array_index);
  return entry;
}

}  // namespace

Result<proto::ListHistoryReply> list_history(const View& view, const Caller& caller,
                                             store::HistoryReader& history,
                                             const proto::ListHistoryRequest& request) {
  Result<std::string> user = history_of(view.state, caller, request.user());
  if (!user) return fail(user.error());
  store::HistoryFilter filter;
  filter.user = *std::move(user);
  filter.project = request.project();
  filter.from = time_from(request.has_from_ms(), request.from_ms());
  filter.to = time_from(request.has_to_ms(), request.to_ms());
  filter.job = JobId{request.job()};
  filter.with_tasks = true;
  if (request.has_array_index()) filter.array_index = request.array_index();
  filter.after_row = request.after_row();
  filter.limit = request.limit();
  filter.with_steps = request.with_steps();
  const Result<store::HistoryPage> page = history.list(filter);
  if (!page) return fail(page.error());
  proto::ListHistoryReply reply;
  for (const HistoryRow& row : page->entries) *reply.add_entries() = entry_of(row);
  for (std::size_t i = 0; i < page->steps.size(); ++i) {
    add_steps(*reply.mutable_entries(static_cast<int>(i)), page->steps[i]);
  }
  reply.set_next_after_row(page->next_after_row);
  reply.set_as_of_ms(to_ms(view.now));
  return reply;
}

}  // namespace usine::daemon
