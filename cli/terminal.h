// How output looks: aligned tables, colour and progress on a terminal, plain text in a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace usine::cli {

// Columns as wide as their widest cell, two blanks apart; no blanks at line ends.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // The column's cells stand at its right, as numbers do.
  void align_right(std::size_t column) { right_.push_back(column); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> right_;
};

// Writes to standard output. A terminal gets bold table heads unless NO_COLOR is set.
void print(const std::string& text);
void print_table(const Table& table);
void warn(const std::string& text);  // "usine: warning: ..." on standard error

[[nodiscard]] bool output_is_terminal();
// Columns of the terminal at standard output; 0 where there is none.
[[nodiscard]] std::size_t terminal_width();

// A line on standard error that shows that something goes on; nothing where that is no terminal.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // Whether there is a terminal to show it on.
  [[nodiscard]] static bool is_shown();

  // Draws the line anew with the next turn of the spinner.
  void show(const std::string& text);
  void clear();

 private:
  bool shown_ = false;
  std::size_t turn_ = 0;
};

}  // namespace usine::cli
