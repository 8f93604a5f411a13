#include "agent/shepherd/job_holder.h"

#include <csignal>

#include "agent/core/launch_environment.h"

namespace usine::shepherd {
namespace {

void refuse(const ConnectionPtr& client, const std::string& why) {
  proto::ShepherdMessage message;
  message.mutable_refused()->set_message(why);
  client->send(message);
}

}  // namespace

JobHolder::~JobHolder() {
  if (client_) client_->close();
}

bool JobHolder::take(const ConnectionPtr& connection, const proto::ShepherdMessage& message) {
  if (!message.has_hold_job()) return false;
  if (!spec_.interactive || spec_.launch.this_node != 0) {
    refuse(connection, "only an interactive job is held by a client, on its first node");
  } else if (client_ || job_.ending()) {
    refuse(connection, client_ ? "the job has a client already" : "the job is ending");
  } else {
    client_ = connection;
    job_.let_client_hold();
    client_->hand_over(
        {.message = [this](const ConnectionPtr&, proto::ShepherdMessage& said) { hear(said); },
         .closed = [this](const ConnectionPtr&, const std::string&) { left_ = true; },
         .drained = {}});
  }
  return true;
}

void JobHolder::tidy() {
  if (!client_) return;
  // Not before the job runs: what has not begun does not end.
  if (left_ && job_.running()) {
    job_.finish({.signal = SIGHUP, .message = "the job's client has gone"});
  }
  if (left_) return;
  if (job_.running() && !welcomed_) welcome();
  if (!job_.ending() || told_) return;
  told_ = true;
  proto::ShepherdMessage message;
  message.mutable_job_ending();
  client_->send(message);
}

void JobHolder::welcome() {
  welcomed_ = true;
  // The place of a batch script is free in a job that has none.
  const auto meeting = job_.meeting_point(0);
  if (!meeting) return refuse(client_, meeting.error().message);
  proto::ShepherdMessage message;
  std::string& environment = *message.mutable_job_held()->mutable_environment();
  for (const std::string& entry : agent::outside_environment(spec_.launch, *meeting).entries()) {
    environment += entry;
    environment.push_back('\0');
  }
  client_->send(message);
}

void JobHolder::hear(const proto::ShepherdMessage& message) {
  if (!message.has_release_job() || !job_.running()) return;
  ExitStatus exit;
  exit.exit_code = message.release_job().exit_code();
  exit.signal = message.release_job().signal();
  told_ = true;
  job_.finish(std::move(exit));
}

}  // namespace usine::shepherd
