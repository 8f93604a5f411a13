// What bench-launch runs as a job. It links nothing, so that what is measured is Usine and not the
// start of this program.
//   bench-stamp FIFO SCRIPT              writes the moment of its first instruction to FIFO: the
//                                        form in which the kernel calls a script's interpreter
//   bench-stamp FIFO steps COUNT USINE   runs `USINE run -- /bin/true` COUNT times, in a job;
//   writes
//                                        each one's nanoseconds to FIFO
// Moments are nanoseconds of the monotonic clock, as text with a line end.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

namespace {

long long now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

bool write_number(int fifo, long long number) {
  char line[32];
  const int size = std::snprintf(line, sizeof(line), "%lld\n", number);
  return write(fifo, line, static_cast<std::size_t>(size)) == size;
}

int run_steps(int count, int fifo, char* usine) {
  char run[] = "run";
  char end_of_options[] = "--";
  char command[] = "/bin/true";
  char* const words[] = {usine, run, end_of_options, command, nullptr};
  for (int i = 0; i < count; ++i) {
    const long long begin = now_ns();
    pid_t pid = 0;
    int status = 0;
    if (posix_spawn(&pid, usine, nullptr, nullptr, words, environ) != 0) return 1;
    if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
    if (!write_number(fifo, now_ns() - begin)) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const long long begin = now_ns();
  if (argc < 3) return 2;
  const int fifo = open(argv[1], O_WRONLY | O_CLOEXEC);
  if (fifo < 0) return 1;
  if (argc == 5 && std::strcmp(argv[2], "steps") == 0) {
    return run_steps(std::atoi(argv[3]), fifo, argv[4]);
  }
  return write_number(fifo, begin) ? 0 : 1;
}
