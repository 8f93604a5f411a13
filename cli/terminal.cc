#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/options.h"

namespace usine::cli {
namespace {

// Characters of UTF-8 text, which is how wide its letters are on a terminal.
std::size_t width_of(const std::string& text) {
  const auto begins_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

bool colour_wanted() { return output_is_terminal() && std::getenv("NO_COLOR") == nullptr; }

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - width_of(row[i]), ' ');
      const bool right = std::ranges::find(right_, i) != right_.end();
      line += right ? blanks + row[i] : row[i] + blanks;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_table(const Table& table) {
  const std::string text = table.text();
  if (!colour_wanted()) return print(text);
  const std::size_t head = text.find('\n');
  print("\033[1m" + text.substr(0, head) + "\033[0m" + text.substr(head));
}

void warn(const std::string& text) {
  std::fprintf(stderr, "usine: warning: %s\n", one_line(text).c_str());
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

std::size_t terminal_width() {
  winsize size{};
  if (!output_is_terminal() || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

bool Progress::is_shown() { return ::isatty(STDERR_FILENO) != 0; }

void Progress::show(const std::string& text) {
  constexpr std::array<char, 4> kTurns = {'|', '/', '-', '\\'};
  if (!is_shown()) return;
  std::fprintf(stderr, "\r\033[K%c %s", kTurns[turn_++ % kTurns.size()], one_line(text).c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace usine::cli
