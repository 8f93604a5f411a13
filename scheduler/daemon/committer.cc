#include "scheduler/daemon/committer.h"

#include <iterator>
#include <utility>

namespace usine::daemon {
namespace {

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

void Committer::start(Outlets outlets) {
  outlets_ = std::move(outlets);
  thread_ = std::thread([this] { run(); });
}

void Committer::stop() {
  waiting_.close();
  if (thread_.joinable()) thread_.join();
}

void Committer::record(std::vector<PlannerInput> inputs) {
  Decided recorded;
  recorded.batch.commit.planner_inputs = std::move(inputs);
  waiting_.push_reserved(std::move(recorded));
}

void Committer::run() {
  while (true) {
    auto [group, ended] = waiting_.pop_all();
    if (ended) return;
    if (const Status committed = commit(group); !committed) {
      waiting_.close();
      outlets_.failed(committed.error());
      return;
    }
    for (Decided& decided : group) deliver(std::move(decided));
  }
}

Status Committer::commit(std::vector<Decided>& group) {
  CommitBatch whole;
  for (Decided& decided : group) {
    CommitBatch& part = decided.batch.commit;
    if (!part.cluster_uuid.empty()) whole.cluster_uuid = std::move(part.cluster_uuid);
    append(whole.rows, part.rows);
    append(whole.blobs, part.blobs);
    append(whole.history, part.history);
    append(whole.steps, part.steps);
    append(held_inputs_, part.planner_inputs);
  }
  // Refusals only: nothing to make durable.
  if (whole.rows.empty() && held_inputs_.size() < kHeldInputsMax) return {};
  whole.planner_inputs = std::exchange(held_inputs_, {});
  const Sequence expected = last_;
  if (!whole.rows.empty()) last_ = whole.rows.back().sequence;
  return journal_.commit(epoch_, expected, whole);
}

void Committer::deliver(Decided decided) {
  const AppliedRows& rows = decided.batch.applied;
  if (rows != nullptr && !rows->empty()) {
    for (Replica* const replica : outlets_.replicas) replica->take(rows);
  }
  // Answers before messages: an agent that was just admitted must be known before it is told what
  // was decided after its Hello.
  for (Answer& answer : decided.answers) answer.handler(std::move(answer.reply));
  if (!decided.batch.effects.empty()) outlets_.agents->send(std::move(decided.batch.effects));
}

}  // namespace usine::daemon
