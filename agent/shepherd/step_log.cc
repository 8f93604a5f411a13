#include "agent/shepherd/step_log.h"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

#include "common/os/unique_fd.h"
#include "common/time.h"
#include "model/step_record.h"

namespace usine::shepherd {
namespace {

constexpr std::size_t kNameBytesMax = 80;

std::int64_t wall_ms() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Millis>(since_1970).count();
}

// As frames on a socket: four bytes of length, little-endian, and the message.
std::string framed(const proto::StepEntry& entry) {
  const std::string bytes = entry.SerializeAsString();
  std::string frame;
  for (int shift = 0; shift < 32; shift += 8) {
    frame += static_cast<char>((bytes.size() >> shift) & 0xFF);
  }
  return frame + bytes;
}

}  // namespace

std::string program_name(const std::string& command) {
  return command.substr(command.rfind('/') + 1).substr(0, kNameBytesMax);
}

void StepAccount::begin(std::int64_t step, const std::string& program, std::uint32_t tasks,
                        std::uint32_t nodes) {
  since_ = std::chrono::steady_clock::now();
  entry_.emplace();
  entry_->set_step(step);
  entry_->set_name(program);
  entry_->set_tasks(tasks);
  entry_->set_nodes(nodes);
  entry_->set_start_ms(wall_ms());
}

void StepAccount::add(const proto::TaskEnded& ended) {
  if (!entry_) return;
  entry_->set_cpu_ms(entry_->cpu_ms() + ended.cpu_ms());
  entry_->set_peak_memory_mib(std::max(entry_->peak_memory_mib(), ended.peak_memory_mib()));
  entry_->set_gpu_seen_ms(entry_->gpu_seen_ms() + ended.gpu_seen_ms());
  entry_->set_gpu_busy_ms(entry_->gpu_busy_ms() + ended.gpu_busy_ms());
  if (entry_->signal() == 0) entry_->set_signal(ended.signal());
}

std::optional<proto::StepEntry> StepAccount::close(int exit_code) {
  if (!entry_) return std::nullopt;
  const auto elapsed = std::chrono::steady_clock::now() - since_;
  entry_->set_elapsed_ms(std::chrono::duration_cast<Millis>(elapsed).count());
  entry_->set_exit_code(exit_code);
  return std::exchange(entry_, std::nullopt);
}

void StepLog::add(const proto::StepEntry& entry) {
  const bool is_batch = entry.step() == StepRecord::kBatch;
  if (kept_ == StepRecords::kKeptMax - 1 && !is_batch) {
    ++left_out_;
    return;
  }
  const os::UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const std::string frame = framed(entry);
  const bool written =
      file && ::write(file.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
  if (written) {
    if (!is_batch) ++kept_;
  } else {
    ++left_out_;
  }
}

}  // namespace usine::shepherd
