// `usine config reload`: the configuration file read anew under a running scheduler, taken as a
// whole or not at all (B95). What a running scheduler cannot change is refused by its key.
#pragma once

#include "config/cluster_file.h"
#include "proto/operations.pb.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/startup.h"
#include "scheduler/daemon/unary_call.h"

namespace usine::daemon {

// One problem for each key whose new value only a restart could bring into force.
[[nodiscard]] config::Problems fixed_while_running(const ConfigSource& source,
                                                   const config::ClusterFile& fresh);

// Reads the file and has the engine decide on it. Takes as long as reading does: not on a thread
// that others wait for.
void reload_config(const ConfigSource& source, EngineThread& engine,
                   Responder<proto::ReloadConfigReply> respond);

}  // namespace usine::daemon
