#include "worker_options.h"

#include "common.h"
#include "engine/base/threads.h"
#include "service/work/local_queue.h"

namespace serdab::cli {

void WorkerOptions::add_options(CLI::App* verb) {
  verb->add_option("--jobs", jobs, "Tasks computed at once; 0: as many as cores")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1024}))
      ->capture_default_str();
  verb->add_option("--key-memory", key_gigabytes, "GB of evaluation keys kept warm")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_weight_memory(verb, weight_gigabytes);
  verb->add_option("--checkpoint-seconds", checkpoint_seconds,
                   "How often long work stores where it stands")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

work::RunnerLimits WorkerOptions::limits() const {
  work::RunnerLimits limits;
  limits.key_bytes = static_cast<std::size_t>(key_gigabytes * 1e9);
  limits.weight_bytes = weight_memory_bytes(weight_gigabytes);
  limits.checkpoint_seconds = checkpoint_seconds;
  return limits;
}

std::unique_ptr<work::Runner> WorkerOptions::embedded_runner(const store::Layout& layout) const {
  return std::make_unique<work::Runner>(layout, limits(), "embedded");
}

std::unique_ptr<work::Queue> WorkerOptions::make_queue(work::Runner* runner, std::size_t pending,
                                                       work::Listener listener) const {
  return std::make_unique<work::LocalQueue>(
      *runner, std::move(listener),
      work::LocalQueueOptions{jobs == 0 ? base::available_threads() : jobs, pending});
}

}  // namespace serdab::cli
