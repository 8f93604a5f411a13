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

std::string_view pattern_of(const std::string& asked, bool of_array) {
  return asked.empty() ? default_output_pattern(of_array) : std::string_view(asked);
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
  FilePatternValues values = values_of(job, request.name, request.user);
  if (request.array) values.array_index.reset();  // each task has a file of its own
  return path_of(request.launch.working_directory,
                 pattern_of(request.launch.output, request.array.has_value()), values);
}

std::string output_path(const proto::JobDetail& placed) {
  const proto::JobSummary& job = placed.summary();
  FilePatternValues values = values_of(job.id(), job.name(), job.user());
  const bool is_task = job.array_id() != 0;
  if (is_task) {
    values.array = job.array_id();
    values.array_index = job.array_index();
  }
  values.node = placed.placement().empty() ? "" : placed.placement(0).name();
  values.node_index = 0;
  values.task = 0;
  values.step = "batch";
  const proto::LaunchRequest& launch = placed.request().launch();
  return path_of(launch.working_directory(), pattern_of(launch.output(), is_task), values);
}

}  // namespace usine::cli
