// A cgroup as the folder it is: its files read and written with as few calls as they take, and all
// processes in it and below killed or frozen. Version 1 and 2 behind one set of functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "agent/contain/holders.h"
#include "common/result.h"

namespace usine::contain {

// The group, new or one that is there already. Errors: as os_error.
[[nodiscard]] Status make_group(const std::string& path);
// A new group in the place of what may be left there: it has no counts yet. One that cannot be
// removed is taken as it is.
[[nodiscard]] Status renew_group(const std::string& path);

// The groups directly below, by path.
[[nodiscard]] std::vector<std::string> groups_below(const std::string& path);
// With the groups below it; false while a process is left in one of them.
bool remove_group(const std::string& path);

// Never makes the file: what a kernel does not offer is an error, kNotFound.
[[nodiscard]] Status write_value(const std::string& file, std::string_view value);
[[nodiscard]] Result<std::string> read_value(const std::string& file);
// A file that holds one number, or lines "KEY NUMBER" of which `key` is wanted; 0 where there is
// none.
[[nodiscard]] std::int64_t read_number(const std::string& file, std::string_view key = {});

// The processes in the group and in those below it.
[[nodiscard]] std::vector<pid_t> processes_in(const std::string& path);

// KILL to every process in the group and below, so that none can fork away meanwhile.
[[nodiscard]] Status kill_group(Version version, const std::string& path);
[[nodiscard]] Status freeze_group(Version version, const std::string& path, bool frozen);

}  // namespace usine::contain
