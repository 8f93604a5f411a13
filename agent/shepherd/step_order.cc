#include "agent/shepherd/step_order.h"

#include <utility>

namespace usine::shepherd {
namespace {

// The enumeration whose last value is `last`. What we do not know of comes from a newer client.
template <typename Choice>
Status read_choice(std::uint32_t number, Choice last, Choice& choice) {
  if (number > static_cast<std::uint32_t>(last)) {
    return fail(ErrorCode::kInvalid, "the step asks for what this version does not know");
  }
  choice = static_cast<Choice>(number);
  return {};
}

agent::StepRequest read_request(const proto::RunStep& run) {
  agent::StepRequest request{.nodes = run.nodes(),
                             .tasks = run.tasks(),
                             .tasks_per_node = run.tasks_per_node(),
                             .cores_per_task = run.cores_per_task()};
  if (run.has_gpus()) request.gpus = run.gpus();
  if (run.has_gpus_per_node()) request.gpus_per_node = run.gpus_per_node();
  if (run.has_gpus_per_task()) request.gpus_per_task = run.gpus_per_task();
  return request;
}

Status read_options(const proto::RunStep& run, StepOrder& order) {
  auto distribution = parse_distribution(run.distribution());
  if (!distribution) return fail(distribution.error().within("--distribution"));
  order.request.distribution = *distribution;
  auto cpu = parse_cpu_binding(run.cpu_binding());
  if (!cpu) return fail(cpu.error().within("--cpu-bind"));
  order.cpu_binding = *std::move(cpu);
  auto gpu = parse_gpu_binding(run.gpu_binding());
  if (!gpu) return fail(gpu.error().within("--gpu-bind"));
  order.gpu_binding = *std::move(gpu);
  if (run.programs().empty()) return {};
  auto programs = MultiProg::parse(run.programs(), run.programs_file());
  if (!programs) return fail(programs.error());
  order.programs = *std::move(programs);
  return {};
}

}  // namespace

Status StepOrder::check(std::uint32_t tasks) const {
  if (!programs && command.empty()) return fail(ErrorCode::kInvalid, "the step has no command");
  if (input_to == InputTo::kRank && input_rank >= tasks) {
    return fail(ErrorCode::kInvalid, "--input: there is no rank " + std::to_string(input_rank) +
                                         ": the step's last is rank " + std::to_string(tasks - 1));
  }
  return programs ? programs->check(tasks) : Status();
}

Result<StepOrder> read_step_order(const proto::RunStep& run) {
  StepOrder order;
  order.request = read_request(run);
  order.command = {run.command().begin(), run.command().end()};
  order.input_rank = run.input_rank();
  Status read = read_options(run, order);
  if (read) read = read_choice(run.bad_exit(), StepOrder::BadExit::kGoesOn, order.bad_exit);
  if (read) read = read_choice(run.input_to(), StepOrder::InputTo::kNone, order.input_to);
  if (!read) return fail(read.error());
  return order;
}

}  // namespace usine::shepherd
