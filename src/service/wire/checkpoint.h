#pragma once

#include <map>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"
#include "networks/program/schedule.h"
#include "service/wire/file.h"
#include "service/wire/sealed_file.h"

namespace serdab::wire {

/// The state of an unfinished run: bound to the program and to the query it answers.
struct Checkpoint {
  Digest program_id{};
  Digest query_digest{};
  std::uint64_t waves_done = 0;
  std::map<program::Element, ckks::Ciphertext> live;
};

std::vector<std::uint8_t> write_checkpoint(
    const ckks::Context& context, const Digest& program_id, const Digest& query_digest,
    std::uint64_t waves_done, const std::map<program::Element, const ckks::Ciphertext*>& live);

/// The same piece by piece: a state may be as large as the memory that holds it.
void write_checkpoint(const ckks::Context& context, const Digest& program_id,
                      const Digest& query_digest, std::uint64_t waves_done,
                      const std::map<program::Element, const ckks::Ciphertext*>& live,
                      const Sink& sink);

/// Throws base::Error(kCorrupt) that names `name`.
Checkpoint read_checkpoint(const ckks::Context& context, std::span<const std::uint8_t> payload,
                           const std::string& name);

}  // namespace serdab::wire
