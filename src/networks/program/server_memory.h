#pragma once

#include <cstddef>

#include "networks/program/package.h"

namespace serdab::program {

/// What a server that runs a package holds, in bytes.
struct ServerMemory {
  std::size_t ciphertexts = 0;  ///< at the worst moment of the schedule
  std::size_t keys = 0;         ///< of one client, expanded
  std::size_t weights = 0;      ///< encoded ones: kept, and at one time on the way
  std::size_t program = 0;      ///< the weights as the program lists them
  std::size_t tables = 0;       ///< of the transforms modulo every prime
  std::size_t sum() const { return ciphertexts + keys + weights + program + tables; }
};

/// With so many threads, and encoded weights of at most so many bytes. What a process needs besides
/// (code, the network's buffers, a query being read) is not counted.
ServerMemory server_memory(const Package& package, std::size_t threads, std::size_t weight_bytes);

}  // namespace serdab::program
