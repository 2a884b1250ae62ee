#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"
#include "networks/program/package.h"
#include "service/wire/file.h"

namespace serdab::wire {

/// What stands in a file of a training run besides its ciphertexts.
struct TensorHeader {
  program::ProgramId program_id{};
  ckks::ParameterId parameter_id{};
  ckks::KeyId key_id{};
  std::uint64_t step = 0;  ///< steps done when it was made; of a data batch, its number
  std::uint8_t phase = 0;  ///< of a state (server/training.h)
};

/// Named bundles of ciphertexts: data, state, a request for a refresh or the answer to it.
struct TensorFile {
  TensorHeader header;
  std::map<std::string, std::vector<ckks::Ciphertext>> ports;
};

using PortRefs = std::map<std::string, std::vector<const ckks::Ciphertext*>>;
std::vector<std::uint8_t> write_tensors(const ckks::Context& context, const TensorHeader& header,
                                        const PortRefs& ports);
/// Fresh encryptions: half the bytes.
using SeededPorts = std::map<std::string, std::vector<ckks::SeededCiphertext>>;
std::vector<std::uint8_t> write_seeded_tensors(const ckks::Context& context,
                                               const TensorHeader& header,
                                               const SeededPorts& ports);
/// Either. Throws base::Error(kCorrupt or kMismatch) that names `name`.
TensorFile read_tensors(const ckks::Context& context, std::span<const std::uint8_t> payload,
                        const std::string& name);

/// Throws base::Error(kMismatch), naming `name` and both sides, unless the file is for this program
/// and key and has exactly these ports at their counts, levels and scales.
void check_tensors(const TensorFile& file, const program::ProgramId& program_id,
                   const ckks::KeyId& key_id, const std::map<std::string, program::Port>& ports,
                   const std::string& name);

}  // namespace serdab::wire
