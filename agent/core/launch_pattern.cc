#include "agent/core/launch_pattern.h"

#include "model/file_pattern.h"

namespace usine::agent {

std::string expand_pattern(std::string_view pattern, const LaunchJob& job,
                           const PatternTask& task) {
  FilePatternValues values;
  values.job = job.key.job.value;
  values.array = job.array ? job.array->id : values.job;
  values.array_index = job.array ? job.array->index : 0;
  values.job_name = job.name;
  values.user = job.user;
  values.node = task.node_name;
  values.node_index = task.node_index;
  values.task = task.task;
  values.step = task.step;
  return expand_file_pattern(pattern, values);
}

}  // namespace usine::agent
