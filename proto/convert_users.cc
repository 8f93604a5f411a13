#include "proto/convert_users.h"

#include <array>
#include <utility>

namespace usine {
namespace {

constexpr std::array<std::pair<ErrorCode, grpc::StatusCode>, 8> kCodes = {{
    {ErrorCode::kInvalid, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {ErrorCode::kRefused, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kPermission, grpc::StatusCode::PERMISSION_DENIED},
    {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {ErrorCode::kIo, grpc::StatusCode::INTERNAL},
    {ErrorCode::kCorrupt, grpc::StatusCode::DATA_LOSS},
    {ErrorCode::kConflict, grpc::StatusCode::ABORTED},
}};

}  // namespace

grpc::Status to_grpc_status(const Error& error) {
  for (const auto& [code, status] : kCodes) {
    if (code == error.code) return {status, error.message};
  }
  return {grpc::StatusCode::UNKNOWN, error.message};
}

Error from_grpc_status(const grpc::Status& status, std::string_view word) {
  if (const std::optional<ErrorCode> code = error_code_from(word)) {
    return {*code, status.error_message()};
  }
  for (const auto& [code, known] : kCodes) {
    if (known == status.error_code()) return {code, status.error_message()};
  }
  return {ErrorCode::kUnavailable, status.error_message()};
}

std::optional<ErrorCode> error_code_from(std::string_view word) {
  for (const auto& [code, status] : kCodes) {
    if (to_string(code) == word) return code;
  }
  return std::nullopt;
}

}  // namespace usine
