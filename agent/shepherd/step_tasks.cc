#include "agent/shepherd/step_tasks.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "agent/core/gpu_use_file.h"
#include "agent/shepherd/pmix_environment.h"
#include "common/os/files.h"

namespace usine::shepherd {
namespace {

bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }

// Every shepherd of a step makes the same of its layout.
PmixStep pmix_step(const JobSpec& spec, const std::string& nspace, const agent::StepLayout& layout,
                   std::size_t place) {
  PmixStep step;
  step.nspace = nspace;
  step.this_node = place;
  step.uid = spec.launch.uid;
  step.gid = spec.launch.gid;
  for (const agent::StepLayout::Node& node : layout.nodes) {
    PmixStep::Node& added = step.nodes.emplace_back();
    added.name = spec.launch.nodes[node.job_node].name;
    added.ranks = node.ranks;
  }
  return step;
}

}  // namespace

StepTasks::StepTasks(const StepTools& tools, ConnectionPtr head, proto::LaunchTasks launch)
    : tools_(tools),
      head_(std::move(head)),
      launch_(std::move(launch)),
      part_(tools.spec.launch, tools.books, launch_) {
  head_->hand_over({.message = [this](const ConnectionPtr&,
                                      proto::ShepherdMessage& message) { handle(message); },
                    .closed = [this](const ConnectionPtr&, const std::string&) { lose_head(); },
                    .drained = [this] { hold_back(false); }});
}

StepTasks::~StepTasks() {
  tools_.loop.cancel(kill_timer_);
  tools_.children.forget(launch_.step());
  head_->close();
}

void StepTasks::start() {
  Status ready = part_.read();
  if (ready) ready = open_branches();
  if (!ready) {
    proto::ShepherdMessage message;
    message.mutable_refused()->set_message(ready.error().message);
    return tell_head(message);
  }
  start_tasks();
}

// Those behind are told first, so that they start while this node does.
Status StepTasks::open_branches() {
  const PlaceRange behind{part_.place() + 1,
                          std::max<std::size_t>(launch_.places_end(), part_.place() + 1)};
  if (behind.end > part_.layout().nodes.size() ||
      behind.end - behind.first != static_cast<std::size_t>(launch_.addresses_size())) {
    return fail(ErrorCode::kInvalid, "the step's launch does not say where to pass it on");
  }
  const Status open = branches_.open(
      launch_, behind, tools_.lines,
      {.message = [this](std::size_t place,
                         const proto::ShepherdMessage& message) { pass_up(place, message); },
       .lost = [this](PlaceRange places, const std::string& why) { lose_branch(places, why); }});
  joins_.open(1 + branches_.count(), kFenceBytesMax);
  return open;
}

void StepTasks::start_tasks() {
  const Status ready = join_pmix();
  if (const auto usage = tools_.children.usage()) killed_before_ = usage->killed_for_memory;
  gpu_use_before_ = gpu_use();
  const std::uint32_t count = part_.here().tasks();
  tasks_left_ = count;
  part_.take_share();
  for (std::uint32_t i = 0; i < count; ++i) {
    tasks_.push_back(std::make_unique<StepTask>(
        part_.here().ranks[i],
        StepTask::Handlers{
            .output = [this](std::uint32_t rank, bool is_error,
                             std::string_view data) { send_output(rank, is_error, data); },
            .over = [this](const StepTask& task) { task_over(task); }}));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (ready) {
      launch(i);
    } else {
      tasks_[i]->refuse(ready.error().message);
    }
  }
  proto::ShepherdMessage message;
  message.mutable_step_started()->set_step(launch_.step());
  message.mutable_step_started()->set_pmix(in_pmix_);
  tell_head(message);
}

Status StepTasks::join_pmix() {
  // A rank that is alone needs nobody to find its peers with.
  if (launch_.run().pmi_none() || part_.layout().tasks() == 1) return {};
  const Status joined = tools_.pmix.join(
      pmix_step(tools_.spec, launch_.nspace(), part_.layout(), part_.place()), *this);
  in_pmix_ = joined.has_value();
  // Without the library there is no MPI here that would miss it; the head compares the nodes.
  if (!joined && joined.error().code == ErrorCode::kNotFound) {
    std::fprintf(stderr, "event=no_pmix step=%u error=\"%s\"\n", launch_.step(),
                 joined.error().message.c_str());
    return {};
  }
  return joined;
}

// The rank's place in PMIx, as its environment says it.
Status StepTasks::wire_up(std::uint32_t local_rank, agent::ProcessPlan& plan) {
  const agent::LaunchJob& job = tools_.spec.launch;
  const agent::StepLayout::Node& here = part_.here();
  const MpiRank rank{here.ranks[local_rank], part_.layout().tasks(), local_rank, here.tasks()};
  MpiNode node;
  // Ranks of emulated nodes share this machine's cores with those of the others.
  node.oversubscribed = job.emulated || here.tasks() > job.node().cores;
  auto shared_memory = tools_.folders.shared_memory(job);
  if (!shared_memory) return fail(shared_memory.error());
  node.shared_memory_folder = std::move(*shared_memory);
  if (is_loopback(tools_.spec.listen_host)) node.network = "lo";
  const auto mpi = open_mpi_environment(rank, node);
  plan.environment.insert(plan.environment.end(), mpi.begin(), mpi.end());
  auto environment =
      tools_.pmix.environment(launch_.nspace(), here.ranks[local_rank], plan.environment);
  if (!environment) return fail(environment.error());
  plan.environment = std::move(*environment);
  return {};
}

void StepTasks::launch(std::uint32_t local_rank) {
  auto planned = part_.plan(local_rank);
  StepTask& task = *tasks_[local_rank];
  if (!planned) return task.refuse(planned.error().message);
  if (!planned->told.empty()) send_output(task.rank(), true, planned->told);
  const Status wired = in_pmix_ ? wire_up(local_rank, planned->plan) : Status();
  if (!wired) return task.refuse(wired.error().message);
  const bool with_terminal = launch_.run().has_terminal();
  const bool has_it = with_terminal && task.rank() == 0;
  task.start(std::move(planned->plan),
             {.step = launch_.step(),
              .takes_input = part_.order().takes_input(task.rank()),
              .is_silent = with_terminal && !has_it,
              .terminal = has_it ? &launch_.run().terminal() : nullptr},
             tools_.loop, tools_.children);
  task.when_input_taken([this] { report_taken_input(); });
}

void StepTasks::tell_head(proto::ShepherdMessage& message) {
  set_from(message, part_.place());
  head_->send(message);
}

void StepTasks::handle(const proto::ShepherdMessage& message) {
  branches_.send(message);
  if (is_for(message, part_.place())) obey(message);
}

void StepTasks::pass_up(std::size_t place, const proto::ShepherdMessage& message) {
  if (message.has_fence()) {
    const proto::FenceData& fence = message.fence();
    // A branch whose part is too large has said so for all.
    if (fence.overgrown()) return head_->send(message);
    return add_to_fence(fence.fence(), 1 + branches_.branch_of(place), fence.data());
  }
  proto::ShepherdMessage up = message;
  set_from(up, place);
  head_->send(up);
  if (head_->congested()) hold_back(true);
}

void StepTasks::lose_branch(PlaceRange places, const std::string& why) {
  proto::ShepherdMessage message;
  message.mutable_places_lost()->set_first(static_cast<std::uint32_t>(places.first));
  message.mutable_places_lost()->set_end(static_cast<std::uint32_t>(places.end));
  message.mutable_places_lost()->set_message(why);
  tell_head(message);
}

void StepTasks::obey(const proto::ShepherdMessage& message) {
  if (message.has_input()) {
    take_input(message.input());
  } else if (message.has_signal_step()) {
    signal_all(message.signal_step().signal());
  } else if (message.has_window_size()) {
    for (const auto& task : tasks_) task->resize(message.window_size());
  } else if (message.has_fence()) {
    take_fence(message.fence());
  } else if (message.has_modex_request()) {
    take_modex_request(message.modex_request());
  } else if (message.has_modex_answer()) {
    take_modex_answer(message.modex_answer());
  }
}

void StepTasks::take_input(const proto::TaskInput& input) {
  untaken_input_ += input.data().size();
  for (const auto& task : tasks_) task->send_input(input.data());
  report_taken_input();
}

void StepTasks::report_taken_input() {
  const auto waits = [](const auto& task) { return task->waiting_input() > 0; };
  if (untaken_input_ == 0 || std::ranges::any_of(tasks_, waits)) return;
  proto::ShepherdMessage message;
  message.mutable_input_taken()->set_step(launch_.step());
  message.mutable_input_taken()->set_bytes(std::exchange(untaken_input_, 0));
  tell_head(message);
}

void StepTasks::send_output(std::uint32_t rank, bool is_error, std::string_view data) {
  proto::ShepherdMessage message;
  proto::TaskOutput& output = *message.mutable_output();
  output.set_step(launch_.step());
  output.set_rank(rank);
  output.set_is_error(is_error);
  output.set_data(data.data(), data.size());
  tell_head(message);
  if (head_->congested()) hold_back(true);
}

// Those who write on this node and behind it, while the line towards the head is full.
void StepTasks::hold_back(bool held) {
  for (const auto& task : tasks_) task->hold_output(held);
  branches_.hold(held);
}

void StepTasks::task_over(const StepTask& task) {
  // Whether the rank was in MPI is judged by what PMIx said before it ended.
  tools_.pmix.catch_up();
  proto::ShepherdMessage message;
  proto::TaskEnded& ended = *message.mutable_task_ended();
  ended.set_step(launch_.step());
  ended.set_rank(task.rank());
  ended.set_exit_code(task.end().exit_code);
  ended.set_signal(task.end().signal);
  ended.set_message(task.failure());
  ended.set_peak_memory_mib(task.end().peak_memory_mib);
  ended.set_cpu_ms(task.end().cpu_ms);
  if (tasks_left_ == 1) {
    const ResourceUse now = gpu_use();
    ended.set_gpu_seen_ms((now.gpu_seen - gpu_use_before_.gpu_seen).count());
    ended.set_gpu_busy_ms((now.gpu_busy - gpu_use_before_.gpu_busy).count());
  }
  if (task.end().exit_code != 0 || task.end().signal != 0) {
    ended.set_out_of_memory(memory_shortage());
  }
  tell_head(message);
  report_taken_input();  // what it has not read will never be
  --tasks_left_;
  if (tasks_left_ > 0) return;
  part_.give_share_back();
  // What a step leaves behind must not run beside the job's next one.
  tools_.children.kill(family());
  if (in_pmix_) tools_.pmix.leave(launch_.nspace());
}

void StepTasks::lose_head() {
  head_gone_ = true;
  branches_.close();
  // Nobody reads the output any more, and nobody else would end the tasks.
  hold_back(false);
  if (tasks_left_ == 0) return;  // what they left has been killed with the last of them
  signal_all(SIGTERM);
  kill_timer_ = tools_.loop.after(tools_.spec.kill_wait, [this] { signal_all(SIGKILL); });
}

// What ends a step reaches all of it; what the client passes on is for the tasks to spread.
void StepTasks::signal_all(int signal) {
  if (signal == SIGKILL) return tools_.children.kill(family());
  if (signal != SIGTERM) {
    for (const auto& task : tasks_) task->signal(signal);
    return;
  }
  tools_.children.signal(family(), SIGTERM);
  tools_.children.signal(family(), SIGCONT);  // a stopped process takes its end once it goes on
}

Family StepTasks::family() const {
  Family family{.step = launch_.step(),
                .tasks = {},
                .mark = "USINE_STEP_ID=" + std::to_string(launch_.step())};
  for (const auto& task : tasks_) {
    if (task->leader() != 0) family.tasks.insert(task->leader());
  }
  return family;
}

// Empty where the kernel has killed nothing of the job for memory since the step began.
std::string StepTasks::memory_shortage() const {
  const auto usage = tools_.children.usage();
  if (!usage || usage->killed_for_memory <= killed_before_) return {};
  return out_of_memory_on(tools_.spec.launch.node(), *usage);
}

// As the agent has counted it so far: nothing where nobody looks.
ResourceUse StepTasks::gpu_use() const {
  if (tools_.spec.launch.emulated || tools_.spec.launch.node().gpus.empty()) return {};
  const std::string path = tools_.spec.launch.folder + "/gpu_use";
  return agent::gpu_use_from(os::read_file(path).value_or(""));
}

void StepTasks::on_fence(std::uint64_t id, std::string data) {
  fences_[next_fence_] = id;
  add_to_fence(next_fence_++, 0, data);
}

// Goes on towards the head once this place and all behind it have said their part.
void StepTasks::add_to_fence(std::uint64_t fence, std::size_t part, const std::string& data) {
  auto joined = joins_.add(fence, part, data);
  if (!joined && !joins_.overgrown()) return;
  proto::ShepherdMessage message;
  proto::FenceData& up = *message.mutable_fence();
  up.set_step(launch_.step());
  up.set_fence(fence);
  up.set_from_node(static_cast<std::uint32_t>(part_.place()));
  up.set_overgrown(!joined);
  if (joined) up.set_data(std::move(*joined));
  tell_head(message);
}

void StepTasks::take_fence(const proto::FenceData& answer) {
  const auto fence = fences_.extract(answer.fence());
  if (!fence.empty()) tools_.pmix.answer(fence.mapped(), answer.data());
}

void StepTasks::on_modex(std::uint64_t id, std::uint32_t rank) {
  proto::ShepherdMessage message;
  proto::ModexRequest& request = *message.mutable_modex_request();
  request.set_step(launch_.step());
  request.set_rank(rank);
  request.set_id(id);
  request.set_from_node(static_cast<std::uint32_t>(part_.place()));
  tell_head(message);
}

void StepTasks::take_modex_request(const proto::ModexRequest& request) {
  const auto reply = [head = head_, place = part_.place(),
                      request](const Result<std::string>& data) {
    proto::ShepherdMessage message;
    set_from(message, place);
    proto::ModexAnswer& answer = *message.mutable_modex_answer();
    answer.set_step(request.step());
    answer.set_id(request.id());
    answer.set_to_node(request.from_node());
    answer.set_status(data ? 0 : 1);
    answer.set_data(data ? *data : data.error().message);
    head->send(message);
  };
  if (!in_pmix_) return reply(fail(ErrorCode::kUnavailable, "the rank's node has no PMIx"));
  tools_.pmix.ask_local(launch_.nspace(), request.rank(), reply);
}

void StepTasks::take_modex_answer(const proto::ModexAnswer& answer) {
  if (!in_pmix_) return;
  if (answer.status() == 0) return tools_.pmix.answer(answer.id(), answer.data());
  tools_.pmix.answer(answer.id(), fail(ErrorCode::kUnavailable, answer.data()));
}

void StepTasks::on_abort(std::uint32_t rank, int status, const std::string& text) {
  proto::ShepherdMessage message;
  proto::StepAborted& aborted = *message.mutable_step_aborted();
  aborted.set_step(launch_.step());
  aborted.set_rank(rank);
  aborted.set_status(status);
  aborted.set_message(text);
  tell_head(message);
}

void StepTasks::on_connected(std::uint32_t rank) {
  proto::ShepherdMessage message;
  message.mutable_rank_connected()->set_step(launch_.step());
  message.mutable_rank_connected()->set_rank(rank);
  tell_head(message);
}

}  // namespace usine::shepherd
