// Running a program to its end and keeping what it said, for tests that drive Usine from outside.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace usine::test {

struct ProgramResult {
  int status = -1;  // exit status, 128 + signal, or -1 where the deadline ended it
  std::string out;
  std::string err;
};

struct ProgramCall {
  std::vector<std::string> argv;
  std::string folder{};                              // to run in; empty: here
  std::string input{};                               // standard input; empty: /dev/null
  std::map<std::string, std::string> environment{};  // on top of ours
  std::chrono::seconds limit{120};                   // then it is killed
  // Done by the new process before it is the program, which does not start where this is false.
  std::function<bool()> first{};
};

[[nodiscard]] ProgramResult run_program(const ProgramCall& call);

}  // namespace usine::test
