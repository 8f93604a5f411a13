// Writes the bytes of the journal's present format for one of each command and event into a folder,
// a hex file each. Run by scripts/write-journal-formats when a format is new, never on an old one.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "scheduler/engine/journal.h"
#include "tests/engine/samples.h"

namespace {

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file) << usine::test::to_hex_lines(bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write-journal-formats FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder =
      std::filesystem::path(argv[1]) / std::to_string(usine::kJournalVersion);
  std::filesystem::create_directories(folder);
  for (const usine::Command& command : usine::test::sample_commands()) {
    const std::string name(name_of(command));
    write(folder / ("command_" + name + ".hex"), usine::encode_command(command));
  }
  for (const usine::Event& event : usine::test::sample_events()) {
    const std::string name(name_of(event));
    write(folder / ("event_" + name + ".hex"), usine::encode_events({event}));
  }
  return 0;
}
