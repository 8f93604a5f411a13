#include "scheduler/queue/queue.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/cluster_builder.h"

namespace usine {
namespace {

using test::Ask;
using test::request_for;

void add(Queue& queue, const Job& job) {
  queue.put(job, {.rank = rank_of(job, test::cluster_of(1))});
}

Job waiting_job(std::uint64_t id, std::int32_t priority, std::int64_t submitted_ms,
                const Ask& ask = {}) {
  JobRequest request = request_for(ask);
  request.priority = priority;
  Job job;
  job.id = JobId{id};
  job.submitted = Time{Millis{submitted_ms}};
  job.request = std::make_shared<const JobRequest>(std::move(request));
  return job;
}

std::vector<std::uint64_t> order(const Queue& queue) {
  std::vector<std::uint64_t> ids;
  for (const QueueEntry& entry : queue.entries()) ids.push_back(entry.job().value);
  return ids;
}

TEST_CASE("jobs stand in order of priority then submission then id") {
  Queue queue;
  add(queue, waiting_job(4, 0, 100));
  add(queue, waiting_job(3, 0, 100));
  add(queue, waiting_job(2, 0, 50));
  add(queue, waiting_job(9, 7, 900));
  add(queue, waiting_job(1, -1, 10));
  CHECK(order(queue) == std::vector<std::uint64_t>{9, 2, 3, 4, 1});
}

TEST_CASE("equal requests are of one class and the classes of none are given again") {
  Queue queue;
  const Job one = waiting_job(1, 0, 1, {.gpus = 4});
  const Job same = waiting_job(2, 0, 2, {.gpus = 4});
  const Job other = waiting_job(3, 0, 3, {.gpus = 5});
  add(queue, one);
  add(queue, same);
  add(queue, other);
  const std::vector<QueueEntry> entries(queue.entries().begin(), queue.entries().end());
  CHECK(entries[0].demand == entries[1].demand);
  CHECK(entries[0].demand != entries[2].demand);
  CHECK(queue.class_bound() == 2);
  queue.remove(other.id);
  add(queue, waiting_job(4, 0, 4, {.gpus = 6}));
  CHECK(queue.class_bound() == 2);
}

TEST_CASE("a job that is put again stands at its new place alone") {
  Queue queue;
  const Job job = waiting_job(1, 0, 100);
  add(queue, job);
  add(queue, waiting_job(2, 0, 200));
  Job later = job;
  later.submitted = Time{Millis{300}};
  add(queue, later);
  CHECK(order(queue) == std::vector<std::uint64_t>{2, 1});
  CHECK(queue.of_class(0).size() == 2);
}

TEST_CASE("a removed job is gone from the queue and from its class") {
  Queue queue;
  const Job job = waiting_job(1, 0, 1);
  add(queue, job);
  queue.remove(job.id);
  CHECK(queue.entries().empty());
  CHECK(queue.find(job.id) == nullptr);
  CHECK(queue.of_class(0).empty());
}

}  // namespace
}  // namespace usine
