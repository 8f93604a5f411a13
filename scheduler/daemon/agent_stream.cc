#include "scheduler/daemon/agent_stream.h"

#include <utility>

#include "proto/convert_users.h"

namespace usine::daemon {

void AgentStream::listen(proto::Agents::AsyncService& service, CompletionLoop& loop) {
  service.RequestConnect(&context_, &stream_, &loop.queue(), &loop.queue(), connect_.begin());
}

void AgentStream::connected(bool ok) {
  if (!ok) {  // the server shuts down: nobody came
    owner_.stream_closed(*this);
    return;
  }
  owner_.stream_opened(*this);
  if (broken_) {
    end_if_idle();
  } else {
    stream_.Read(&incoming_, read_.begin());
  }
}

void AgentStream::have_read(bool ok) {
  if (ok && !broken_) owner_.stream_received(*this, incoming_);
  if (!ok) mark_broken();
  if (broken_) {
    end_if_idle();
  } else {
    stream_.Read(&incoming_, read_.begin());
  }
}

void AgentStream::write(proto::ToAgent message) {
  if (broken_) return;
  const std::size_t bytes = message.ByteSizeLong();
  // One message is always taken, so that no job is too large to be started.
  const bool full = !waiting_.empty() && waiting_bytes_ + bytes > kWaitingBytesMax;
  if (full || waiting_.size() >= kWaitingMessagesMax) {
    cut();
    return;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(message));
  if (!write_.is_under_way()) write_next();
}

void AgentStream::write_next() { stream_.Write(waiting_.front(), write_.begin()); }

void AgentStream::have_written(bool ok) {
  waiting_bytes_ -= waiting_.front().ByteSizeLong();
  waiting_.pop_front();
  if (!ok) mark_broken();
  if (broken_) {
    end_if_idle();
  } else if (!waiting_.empty()) {
    write_next();
  }
}

void AgentStream::refuse(const Error& error) {
  if (broken_) return;
  last_word_ = to_grpc_status(error);
  context_.AddTrailingMetadata(kErrorMetadata, std::string(to_string(error.code)));
  mark_broken();
  end_if_idle();
}

void AgentStream::cut() {
  if (broken_) return;
  mark_broken();
  context_.TryCancel();  // makes what is under way end
}

void AgentStream::mark_broken() {
  if (!std::exchange(broken_, true)) owner_.stream_broken(*this);
}

void AgentStream::have_finished(bool) { end_if_idle(); }

void AgentStream::end_if_idle() {
  if (write_.is_under_way()) return;
  if (!std::exchange(finish_begun_, true)) {
    stream_.Finish(last_word_, finish_.begin());  // makes a read that is under way end
    return;
  }
  if (!read_.is_under_way() && !finish_.is_under_way()) owner_.stream_closed(*this);
}

}  // namespace usine::daemon
