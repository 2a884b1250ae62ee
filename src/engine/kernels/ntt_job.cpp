#include "engine/kernels/ntt_job.h"

#include <algorithm>

namespace serdab::kernels {
namespace {
bool needs_output(const NttJob& job) { return job.minuend != nullptr && job.minuend == job.out; }
}  // namespace

NttWork::NttWork(std::span<const NttJob> jobs, std::size_t n)
    : first_(jobs.data()),
      places_(jobs.size()),
      own_(n * static_cast<std::size_t>(std::count_if(jobs.begin(), jobs.end(), needs_output))) {
  std::uint64_t* next = own_.data();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const bool own = needs_output(jobs[i]);
    places_[i] = own ? next : jobs[i].out;
    if (own) next += n;
  }
}

NttWork::~NttWork() = default;

}  // namespace serdab::kernels
