#include "sim/trace.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace usine::sim {
namespace {

constexpr std::string_view kCsvHeader = "submit_s,run_s,limit_s,gpus,nodes,cpus,user,project";
constexpr std::size_t kCsvFields = 8;
constexpr std::size_t kSwfFields = 18;

// Times and counts beyond this are a mistake in the file, and would overflow later.
constexpr double kNumberMax = 4e9;

using Fields = std::vector<std::string_view>;

Fields split_csv(std::string_view line) {
  Fields fields;
  for (std::size_t comma = line.find(','); comma != std::string_view::npos;
       comma = line.find(',')) {
    fields.push_back(line.substr(0, comma));
    line.remove_prefix(comma + 1);
  }
  fields.push_back(line);
  return fields;
}

Fields split_words(std::string_view line) {
  constexpr std::string_view kSpace = " \t";
  Fields fields;
  std::size_t begin = line.find_first_not_of(kSpace);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kSpace, begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kSpace, end);
  }
  return fields;
}

// Reads the numbers of one line, rounded to whole ones; remembers the first that is none.
class Numbers {
 public:
  std::optional<std::int64_t> read(std::string_view field) { return read_scaled(field, 1); }
  // Times in seconds.
  std::optional<Millis> read_millis(std::string_view field) {
    const auto value = read_scaled(field, 1'000);
    if (!value) return std::nullopt;
    return Millis(*value);
  }
  // SWF writes -1 for what is not known.
  std::optional<std::int64_t> read_known(std::string_view field) {
    const auto value = read(field);
    return value && *value >= 0 ? value : std::nullopt;
  }
  [[nodiscard]] const std::string& bad() const { return bad_; }

 private:
  std::optional<std::int64_t> read_scaled(std::string_view field, double factor) {
    if (field.empty()) return std::nullopt;
    double value = 0;
    const auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), value);
    const bool whole = code == std::errc{} && end == field.data() + field.size();
    if (!whole || !(std::abs(value) <= kNumberMax)) {
      if (bad_.empty()) bad_ = field;
      return std::nullopt;
    }
    return std::llround(value * factor);
  }

  std::string bad_;
};

std::optional<Seconds> seconds(std::optional<std::int64_t> value) {
  if (!value || *value < 0) return std::nullopt;
  return Seconds(*value);
}

std::optional<std::uint32_t> count(std::optional<std::int64_t> value) {
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

TraceJob csv_job(const Fields& fields, Numbers& numbers) {
  TraceJob job;
  job.submit = numbers.read_millis(fields[0]).value_or(Millis{0});
  job.run = numbers.read_millis(fields[1]);
  if (job.run && *job.run < Millis{0}) job.run.reset();
  job.limit = seconds(numbers.read(fields[2]));
  job.gpus = count(numbers.read(fields[3]));
  job.nodes = count(numbers.read(fields[4]));
  job.cpus = count(numbers.read(fields[5]));
  job.user = fields[6];
  job.project = fields[7];
  return job;
}

// Fields by their numbers in the format's definition, which start at 1.
TraceJob swf_job(const Fields& fields, Numbers& numbers) {
  const auto field = [&](std::size_t number) { return numbers.read_known(fields[number - 1]); };
  TraceJob job;
  job.submit = Seconds(field(2).value_or(0));
  job.run = seconds(field(4));
  const auto requested = field(8);
  job.cpus = count(requested.value_or(0) > 0 ? requested : field(5));
  const auto limit = field(9);
  if (limit.value_or(0) > 0) job.limit = seconds(limit);
  job.user = fields[11];
  job.project = fields[12];
  if (const auto executable = field(14)) job.name = "executable" + std::to_string(*executable);
  return job;
}

// As many digits after the point as are needed: "3", "3.042".
std::string seconds_text(Millis time) {
  std::string text = std::to_string(time.count() / 1'000);
  const std::int64_t rest = time.count() % 1'000;
  if (rest == 0) return text;
  std::string digits = std::to_string(1'000 + rest).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + '.' + digits;
}

std::string text_of(std::optional<std::uint32_t> number) {
  return number ? std::to_string(*number) : "";
}

}  // namespace

Result<std::vector<TraceJob>> parse_trace(std::string_view text) {
  std::vector<TraceJob> jobs;
  const bool is_csv = text.starts_with(kCsvHeader);
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_head = is_csv ? line_number == 1 : line.starts_with(';');
    if (is_head || line.find_first_not_of(" \t") == line.npos) continue;
    const Fields fields = is_csv ? split_csv(line) : split_words(line);
    const std::string place = "line " + std::to_string(line_number);
    if (is_csv ? fields.size() != kCsvFields : fields.size() < kSwfFields) {
      return fail(ErrorCode::kInvalid,
                  place + ": neither a row of '" + std::string(kCsvHeader) +
                      "' nor a line of the Standard Workload Format (18 numbers)");
    }
    Numbers numbers;
    jobs.push_back(is_csv ? csv_job(fields, numbers) : swf_job(fields, numbers));
    if (!numbers.bad().empty()) {
      return fail(ErrorCode::kInvalid, place + ": '" + numbers.bad() + "' is not a number");
    }
  }
  return jobs;
}

std::string to_csv(const std::vector<TraceJob>& jobs) {
  std::string text = std::string(kCsvHeader) + '\n';
  for (const TraceJob& job : jobs) {
    text += seconds_text(job.submit) + ',' + (job.run ? seconds_text(*job.run) : "") + ',' +
            (job.limit ? seconds_text(*job.limit) : "") + ',' + text_of(job.gpus) + ',' +
            text_of(job.nodes) + ',' + text_of(job.cpus) + ',' + job.user + ',' + job.project +
            '\n';
  }
  return text;
}

}  // namespace usine::sim
