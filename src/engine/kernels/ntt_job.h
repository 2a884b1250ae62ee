#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arith/modulus.h"
#include "engine/base/buffer.h"

namespace serdab::kernels {

/// One polynomial to transform. `in` and `out` are n words, the same array or disjoint.
struct NttJob {
  const std::uint64_t* in = nullptr;
  std::uint64_t* out = nullptr;
  /// Forward only. `in` holds residues of this other prime p, read as centred values in
  /// (−p/2, p/2]; nullptr: residues of the transform's own prime.
  const arith::Modulus* source = nullptr;
  /// Forward only. When given, out = (minuend − NTT(in))·factor instead of NTT(in): the last step
  /// of a division. May be out; factor < q.
  const std::uint64_t* minuend = nullptr;
  std::uint64_t factor = 0;
};

/// Where the transform of each job works, all of them at once: in its output, or, while that is
/// still needed as the minuend, in an array of its own.
class NttWork {
 public:
  NttWork(std::span<const NttJob> jobs, std::size_t n);
  ~NttWork();
  NttWork(const NttWork&) = delete;
  NttWork& operator=(const NttWork&) = delete;
  /// `job` is one of the jobs given.
  std::uint64_t* of(const NttJob& job) { return places_[&job - first_]; }

 private:
  const NttJob* first_;
  base::Buffer<std::uint64_t*> places_;
  base::Buffer<std::uint64_t> own_;
};

}  // namespace serdab::kernels
