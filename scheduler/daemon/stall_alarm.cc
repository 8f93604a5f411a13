#include "scheduler/daemon/stall_alarm.h"

#include <filesystem>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/os/files.h"

namespace usine::daemon {

StallAlarm::StallAlarm(AlarmSettings settings, Reader& reader)
    : settings_(std::move(settings)), reader_(reader), watch_(settings_.after) {}

void StallAlarm::start() {
  thread_ = std::thread([this] { run(); });
}

void StallAlarm::stop() {
  found_.close();
  if (thread_.joinable()) thread_.join();
}

void StallAlarm::run() {
  while (true) {
    auto [found, ended] = found_.pop_all(std::chrono::steady_clock::now() + settings_.look_every);
    if (ended) return;
    for (const Found& one : found) report(one);
    reader_.ask([this](const View& view) { look(view); });
  }
}

void StallAlarm::look(const View& view) {
  const auto said = [&view](JobId job) -> std::optional<Reason> {
    const auto known = view.findings.reasons.find(job);
    if (known == view.findings.reasons.end()) return std::nullopt;
    return known->second;
  };
  const auto stall = watch_.look(view.state, said, view.now);
  if (stall) (void)found_.try_push({*stall, view.state});
}

void StallAlarm::report(const Found& found) {
  const std::uint64_t number = ++raised_;
  const Stall& stall = found.stall;
  std::string path;
  if (number <= kSnapshotsMax) {
    path = settings_.folder + "/stall-" + std::to_string(stall.job.value) + '-' +
           std::to_string(found.state.sequence.value) + ".snapshot";
    std::error_code failed;
    std::filesystem::create_directories(settings_.folder, failed);
    const Status written = os::write_file(path, encode_snapshot(found.state));
    if (!written) path = "none (" + written.error().message + ')';
  }
  spdlog::error(
      "event=alarm kind=stall job={} since={} idle_nodes={} said={} sequence={} snapshot=\"{}\"",
      stall.job.value, format_time(stall.since), stall.idle_nodes, to_string(stall.said.kind),
      found.state.sequence.value, path);
}

}  // namespace usine::daemon
