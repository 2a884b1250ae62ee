#include "engine/kernels/ntt_job.h"

#include <algorithm>

namespace serdab::kernels {
namespace {
bool needs_output(const NttJob& job) { return job.minuend != nullptr && job.minuend == job.out; }
}  // namespace

NttWork::NttWork(std::span<const NttJob> jobs, std::size_t n)
    : shared_(std::any_of(jobs.begin(), jobs.end(), needs_output) ? n : 0) {}

NttWork::~NttWork() = default;

std::uint64_t* NttWork::of(const NttJob& job) {
  return needs_output(job) ? shared_.data() : job.out;
}

}  // namespace serdab::kernels
