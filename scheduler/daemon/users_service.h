// The users' side of the scheduler: proves the caller of each call, turns it into commands for the
// engine or questions for the reader, and answers once they have. Everything of it lives on one
// loop's thread.
#pragma once

#include "scheduler/daemon/blob_store.h"
#include "scheduler/daemon/caller_gate.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/forecaster.h"
#include "scheduler/daemon/planner_thread.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/secrets.h"
#include "scheduler/daemon/stall_alarm.h"
#include "scheduler/daemon/submit_call.h"
#include "scheduler/daemon/trials.h"
#include "scheduler/daemon/unary_call.h"
#include "scheduler/daemon/users_rpc.h"
#include "scheduler/store/history_reader.h"

namespace usine::daemon {

class UsersService {
 public:
  struct Parts {
    UsersRpc& rpc;
    CompletionLoop& loop;
    CallerGate& gate;
    EngineThread& engine;
    Reader& reader;
    PlannerThread& planner;
    Forecaster& forecaster;
    Trials& trials;
    const StallAlarm& alarm;
    BlobStore& blobs;
    const JobKeys& keys;
    store::HistoryReader& history;  // used on the reader's thread
  };

  explicit UsersService(Parts parts) : parts_(parts) {}

  // Begins to take calls; the server runs.
  void start();

 private:
  template <typename Request, typename Reply>
  using Handler = void (UsersService::*)(const Caller&, const Request&, Responder<Reply>);

  // Takes calls of that method of the service.
  template <typename Request, typename Reply>
  void serve(const char* method, Handler<Request, Reply> handler);

  // A command that depends on other jobs waits for what the history knows of them.
  void hand_over(Submission submission, bool test_only, Responder<proto::SubmitReply> respond);
  void submit(const Caller&, const proto::SubmitRequest&, Responder<proto::SubmitReply>);
  void act_on_jobs(const Caller&, const proto::ActOnJobsRequest&, Responder<proto::ActReply>);
  void update_jobs(const Caller&, const proto::UpdateJobsRequest&, Responder<proto::ActReply>);
  void act_on_nodes(const Caller&, const proto::ActOnNodesRequest&, Responder<proto::ActReply>);
  void list_jobs(const Caller&, const proto::ListJobsRequest&, Responder<proto::ListJobsReply>);
  void get_job(const Caller&, const proto::GetJobRequest&, Responder<proto::JobDetail>);
  void explain(const Caller&, const proto::ExplainRequest&, Responder<proto::Explanation>);
  void create_reservation(const Caller&, const proto::ReservationRequest&,
                          Responder<proto::ActReply>);
  void delete_reservations(const Caller&, const proto::DeleteReservationsRequest&,
                           Responder<proto::ActReply>);
  void list_reservations(const Caller&, const proto::ListReservationsRequest&,
                         Responder<proto::ListReservationsReply>);
  void list_nodes(const Caller&, const proto::ListNodesRequest&, Responder<proto::ListNodesReply>);
  void list_history(const Caller&, const proto::ListHistoryRequest&,
                    Responder<proto::ListHistoryReply>);
  void get_cluster(const Caller&, const proto::GetClusterRequest&, Responder<proto::ClusterInfo>);
  void list_groups(const Caller&, const proto::ListGroupsRequest&,
                   Responder<proto::ListGroupsReply>);
  void mark_job(const Caller&, const proto::MarkJobRequest&, Responder<proto::ActReply>);

  Parts parts_;
};

}  // namespace usine::daemon
