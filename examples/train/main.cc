// A small, real data-parallel training job: every rank holds the whole network, works on its share
// of each batch, and all add up their gradients. With the same options the loss is the same to 1e-9
// however many ranks there are, since the batch is one over all of them.
#include <cmath>
#include <cstdio>
#include <vector>

#include <mpi.h>

#include "examples/train/data_set.h"
#include "examples/train/gradient_sum.h"
#include "examples/train/network.h"
#include "examples/train/ranks.h"
#include "examples/train/settings.h"

namespace usine::train {
namespace {

class Trainer {
 public:
  Trainer(const Settings& settings, GradientSum& sum) : settings_(settings), sum_(sum) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }

  // One pass over the data. Returns the mean loss that the steps met, the same on every rank.
  double run_epoch(std::size_t epoch) {
    const auto order = visiting_order(settings_.seed, epoch, data_.size());
    const std::size_t steps = data_.size() / settings_.batch;
    double loss = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      const std::size_t begin = step * settings_.batch;
      loss += run_step({order.data() + begin, settings_.batch});
    }
    return loss / static_cast<double>(steps);
  }

 private:
  static constexpr double kMomentum = 0.9;

  double run_step(std::span<const std::size_t> batch) {
    // The last value carries the loss, so that one sum serves both.
    std::vector<double> sums(network_.parameter_count() + 1, 0.0);
    const std::span<double> gradient(sums.data(), network_.parameter_count());
    for (const std::size_t sample : own_share(batch)) {
      sums.back() += network_.add_gradient(data_[sample], gradient);
    }
    sum_.add_up(sums);
    const auto count = static_cast<double>(batch.size());
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      velocity_[i] = kMomentum * velocity_[i] - settings_.learning_rate * gradient[i] / count;
      network_.parameters()[i] += velocity_[i];
    }
    return sums.back() / count;
  }

  [[nodiscard]] std::span<const std::size_t> own_share(std::span<const std::size_t> batch) const {
    const auto rank = static_cast<std::size_t>(rank_);
    const auto size = static_cast<std::size_t>(size_);
    const std::size_t begin = batch.size() * rank / size;
    return batch.subspan(begin, batch.size() * (rank + 1) / size - begin);
  }

  const Settings& settings_;
  GradientSum& sum_;
  int rank_ = 0;
  int size_ = 1;
  std::vector<Sample> data_ = make_data_set(settings_.seed, settings_.samples);
  Network network_{settings_.hidden, settings_.seed};
  std::vector<double> velocity_ = std::vector<double>(network_.parameter_count(), 0.0);
};

// Rank 0's account of the run, a line at a time also into a pipe.
void print_line(int rank, const std::string& line) {
  if (rank != 0) return;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

std::string loss_line(const char* what, double loss) {
  char text[64];
  std::snprintf(text, sizeof(text), "%s loss=%.12f", what, loss);
  return text;
}

int train(const Settings& settings) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const std::string ranks = describe_ranks(MPI_COMM_WORLD);
  const Transport transport = choose_transport(MPI_COMM_WORLD);
  print_line(rank, "world=" + std::to_string(size) + " " + ranks +
                       " transport=" + std::string(transport.name) + " (" + transport.reason + ")");

  Trainer trainer(settings, *transport.sum);
  double first = 0;
  double last = 0;
  for (std::size_t epoch = 0; epoch < settings.epochs; ++epoch) {
    last = trainer.run_epoch(epoch);
    if (epoch == 0) first = last;
    print_line(rank, loss_line(("epoch=" + std::to_string(epoch + 1)).c_str(), last));
  }
  print_line(rank, loss_line("final", last));
  const bool learned = std::isfinite(last) && (settings.epochs == 1 || last < first);
  if (!learned && rank == 0) std::fprintf(stderr, "usine-train: the loss did not fall\n");
  return learned ? 0 : 1;
}

}  // namespace
}  // namespace usine::train

int main(int argc, char** argv) {
  const auto settings = usine::train::parse_settings(argc, argv);
  if (!settings) {
    std::fprintf(stderr, "usine-train: %s\n", settings.error().c_str());
    return 2;
  }
  if (settings->help) {
    std::fputs(usine::train::usage(), stdout);
    return 0;
  }
  MPI_Init(&argc, &argv);
  const int status = usine::train::train(*settings);
  MPI_Finalize();
  return status;
}
