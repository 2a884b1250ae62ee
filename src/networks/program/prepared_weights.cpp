#include "networks/program/prepared_weights.h"

#include "engine/ckks_params/cost_model.h"

namespace serdab::program {

std::size_t kept_bytes(const Program& program, base::Level level, std::size_t n) {
  // As ring::PackedPoly keeps them.
  const auto residue_bytes = [](std::uint64_t prime) {
    return prime >> ckks_params::kShortPrimeBits == 0 ? sizeof(std::uint32_t)
                                                      : sizeof(std::uint64_t);
  };
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < level.primes(); ++i) bytes += residue_bytes(program.primes[i]);
  for (const std::uint64_t prime : program.special_primes) bytes += residue_bytes(prime);
  return n * bytes;
}

std::size_t weight_bytes(const Program& program, const Value& value, const Transform& op,
                         std::size_t n) {
  const std::size_t repeats = std::size_t{op.repeats} * program.images;
  return op.diagonals.size() *
         kept_bytes(program, value.level, ckks_params::kept_residues(n, repeats));
}

std::vector<bool> prepared_weights(const Program& program, std::size_t n, std::size_t max_bytes) {
  std::vector<bool> prepared(program.values.size());
  for (ValueId id = 0; id < program.values.size(); ++id) {
    const auto* transform = std::get_if<Transform>(&program.values[id].op);
    if (transform == nullptr) continue;
    const std::size_t bytes = weight_bytes(program, program.values[id], *transform, n);
    if (bytes > max_bytes) continue;
    prepared[id] = true;
    max_bytes -= bytes;
  }
  return prepared;
}

}  // namespace serdab::program
