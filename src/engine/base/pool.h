#pragma once

#include <cstddef>

namespace serdab::base {

/// Memory for residues: blocks are carved from 2 MiB-aligned regions that ask for huge pages, and
/// go back to a free list of their size class (the last few to the thread that released them), so
/// that steady state neither allocates nor page-faults. Blocks are aligned to 64 bytes; their
/// contents are unspecified. Thread-safe; a block may be released by another thread.
void* pool_acquire(std::size_t bytes);
void pool_release(void* block, std::size_t bytes) noexcept;

/// What the pool holds, for memory plans and reports.
struct PoolStatistics {
  std::size_t bytes_in_use;    ///< handed out and not yet released, rounded up to size classes
  std::size_t peak_bytes;      ///< the largest bytes_in_use so far
  std::size_t reserved_bytes;  ///< obtained from the operating system
};
PoolStatistics pool_statistics() noexcept;

/// Begins a new measurement of peak_bytes from what is in use now.
void pool_reset_peak() noexcept;

}  // namespace serdab::base
