#include "cli/output_file.h"

#include <filesystem>

#include "model/file_pattern.h"

namespace usine::cli {
namespace {

std::string path_of(const std::string& folder, std::string_view pattern,
                    const FilePatternValues& values) {
  const std::string file = expand_file_pattern(pattern, values);
  return (std::filesystem::path(folder) / file).lexically_normal();
}

FilePatternValues values_of(std::uint64_t job, const std::string& name, const std::string& user) {
  FilePatternValues values;
  values.job = job;
  values.array = job;
  values.job_name = name;
  values.user = user;
  return values;
}

}  // namespace

std::string output_path(const JobRequest& request, std::uint64_t job) {
  return path_of(request.launch.working_directory, request.launch.output,
                 values_of(job, request.name, request.user));
}

std::string output_path(const proto::JobDetail& placed) {
  const proto::JobSummary& job = placed.summary();
  FilePatternValues values = values_of(job.id(), job.name(), job.user());
  values.node = placed.placement().empty() ? "" : placed.placement(0).name();
  values.node_index = 0;
  values.task = 0;
  values.step = "batch";
  const proto::LaunchRequest& launch = placed.request().launch();
  return path_of(launch.working_directory(), launch.output(), values);
}

}  // namespace usine::cli
