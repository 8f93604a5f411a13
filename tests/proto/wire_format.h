// What of the .proto files other versions rely on: the number and kind of each field, of each value
// of an enumeration, and the calls. As lines of text that are recorded for each released version.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

namespace usine::test {

// "field usine.proto.Hello 1 string node_name", sorted.
[[nodiscard]] std::vector<std::string> wire_format(const google::protobuf::FileDescriptorSet& set);

// What programs that speak as recorded would misunderstand, one line each: what has another number
// or kind now, or has gone without its number being reserved. Names of fields may change.
[[nodiscard]] std::vector<std::string> broken_by(const google::protobuf::FileDescriptorSet& today,
                                                 const std::vector<std::string>& recorded);

}  // namespace usine::test
