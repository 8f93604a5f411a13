// Partitions, QOS and projects for people and scripts: bounds, who may use them and what is in use.
#pragma once

#include <string>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/views.h"

namespace usine::cli {

// `kind` is partition, qos or project; an empty name: all of the kind.
[[nodiscard]] CommandResult show_groups(Client& client, const std::string& kind,
                                        const std::string& name, bool json);

[[nodiscard]] Json to_json(const proto::GroupInfo& group);

// "counts as if it had waited 09:45:00 less for its length"; empty where only waiting counts.
[[nodiscard]] std::string rank_text(
    const google::protobuf::RepeatedPtrField<proto::RankPart>& parts);
[[nodiscard]] Json rank_json(const google::protobuf::RepeatedPtrField<proto::RankPart>& parts);

}  // namespace usine::cli
