#include "tests/shepherd/fake_client.h"

#include <stdexcept>
#include <utility>

#include "common/os/sockets.h"

namespace usine::test {
namespace {

constexpr Millis kPatience{60'000};
constexpr Millis kFlushPause{5};

template <typename T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

std::string text_of(const std::map<std::uint32_t, std::string>& texts, std::uint32_t rank) {
  const auto found = texts.find(rank);
  return found == texts.end() ? std::string() : found->second;
}

}  // namespace

proto::RunStep step_of(const std::string& script, std::uint32_t tasks) {
  proto::RunStep step;
  step.add_command("/bin/sh");
  step.add_command("-c");
  step.add_command(script);
  step.set_environment(std::string("PATH=/usr/bin:/bin\0", 19));
  step.set_tasks(tasks);
  return step;
}

FakeClient::FakeClient(const std::string& job_folder) {
  socket_.emplace(value_of(os::connect_unix(job_folder + "/shepherd.sock")));
  if (!next_message().has_ready()) throw std::runtime_error("the shepherd is not ready");
}

FakeClient::FakeClient(const std::string& address, const std::string& job_key) {
  socket_.emplace(value_of(os::start_connect_tcp(value_of(os::parse_endpoint(address)))));
  proto::ShepherdMessage message;
  message.mutable_greet()->set_job_key(job_key);
  send(message);
}

void FakeClient::send(const proto::ShepherdMessage& message) {
  const Status sent = socket_->send_now(message.SerializeAsString(), kPatience);
  if (!sent) throw std::runtime_error(sent.error().message);
}

void FakeClient::run(const proto::RunStep& step) {
  proto::ShepherdMessage message;
  *message.mutable_run_step() = step;
  send(message);
}

void FakeClient::input(const std::string& data) {
  proto::ShepherdMessage message;
  message.mutable_input()->set_data(data);
  // Not to the last byte: the shepherd may want its output read before it takes more.
  const Status sent = socket_->send(message.SerializeAsString());
  if (!sent) throw std::runtime_error(sent.error().message);
}

void FakeClient::signal(int signal) {
  proto::ShepherdMessage message;
  message.mutable_signal_step()->set_signal(signal);
  send(message);
}

void FakeClient::resize(std::uint32_t rows, std::uint32_t columns) {
  proto::ShepherdMessage message;
  message.mutable_window_size()->set_rows(rows);
  message.mutable_window_size()->set_columns(columns);
  send(message);
}

proto::ShepherdMessage FakeClient::next_message() {
  while (true) {
    proto::ShepherdMessage message = receive_message();
    if (!message.has_output()) return message;
  }
}

proto::ShepherdMessage FakeClient::receive_message() {
  proto::ShepherdMessage message;
  if (!message.ParseFromString(receive())) {
    throw std::runtime_error("the shepherd's message does not parse");
  }
  if (message.has_output()) {
    auto& texts = message.output().is_error() ? errors_ : output_;
    texts[message.output().rank()] += message.output().data();
  }
  return message;
}

void FakeClient::wait_output(std::uint32_t rank, const std::string& text) {
  while (output(rank).find(text) == std::string::npos) {
    const proto::ShepherdMessage message = receive_message();
    if (!message.has_step_ended()) continue;
    throw std::runtime_error("the step ended before it wrote '" + text + "': " + output(rank));
  }
}

// Sends what still waits while it listens.
std::string FakeClient::receive() {
  while (socket_->unsent_bytes() > 0) {
    const Status flushed = socket_->flush();
    if (!flushed) throw std::runtime_error(flushed.error().message);
    auto frame = socket_->receive(kFlushPause);
    if (frame) return std::move(*frame);
  }
  return value_of(socket_->receive(kPatience));
}

void FakeClient::wait_started() {
  const proto::ShepherdMessage message = next_message();
  if (!message.has_step_started()) {
    throw std::runtime_error("not StepStarted: " + message.step_ended().message());
  }
}

proto::StepEnded FakeClient::ended() {
  while (true) {
    const proto::ShepherdMessage message = next_message();
    if (message.has_step_ended()) return message.step_ended();
  }
}

proto::StepEnded FakeClient::run_to_end(const proto::RunStep& step) {
  run(step);
  return ended();
}

std::string FakeClient::output(std::uint32_t rank) const { return text_of(output_, rank); }
std::string FakeClient::errors(std::uint32_t rank) const { return text_of(errors_, rank); }

}  // namespace usine::test
