#include "networks/program/server_memory.h"

#include <algorithm>

#include "engine/ckks_params/cost_model.h"
#include "networks/program/prepared_weights.h"
#include "networks/program/schedule.h"

namespace serdab::program {
namespace {

// Both halves of every digit, residues as values that are kept.
std::size_t key_bytes(const Package& package, base::Level level, std::size_t n) {
  const Program& program = package.program;
  const std::size_t digit = package.parameters.digit_primes;
  if (digit == 0) return 0;
  const std::size_t digits = (level.primes() + digit - 1) / digit;
  return digits * 2 * kept_bytes(program, level, n);
}

std::size_t listed_bytes(const Program& program) {
  std::size_t bytes = 0;
  for (const Value& value : program.values) {
    if (const auto* transform = std::get_if<Transform>(&value.op)) {
      for (const Diagonal& diagonal : transform->diagonals) {
        bytes +=
            sizeof(Diagonal) + diagonal.weights.size() * (sizeof(std::uint32_t) + sizeof(float));
      }
    } else if (const auto* affine = std::get_if<Affine>(&value.op)) {
      for (const AffineTerm& term : affine->terms) {
        for (const WeightMatrix& matrix : term.matrices) {
          bytes += matrix.weights.size() * sizeof(std::int32_t);
        }
        for (const Block& block : term.blocks) {
          bytes += sizeof(Block) + (block.inputs.size() + block.outputs.size()) * 4;
        }
      }
    }
  }
  return bytes;
}

}  // namespace

ServerMemory server_memory(const Package& package, std::size_t threads, std::size_t weight_bytes) {
  const Program& program = package.program;
  const std::size_t n = std::size_t{1} << package.parameters.log_n;
  ServerMemory memory;
  memory.ciphertexts = planned_peak_bytes(program, make_schedule(program), n, threads);
  const std::int32_t level = relinearisation_level(program);
  if (level >= 0) memory.keys += key_bytes(package, {static_cast<unsigned>(level)}, n);
  for (const RotationKey& key : rotation_keys(program)) {
    memory.keys += key_bytes(package, key.level, n);
  }
  const std::vector<bool> prepared = prepared_weights(program, n, weight_bytes);
  std::size_t on_the_way = 0;
  for (ValueId id = 0; id < program.values.size(); ++id) {
    const Value& value = program.values[id];
    const auto* transform = std::get_if<Transform>(&value.op);
    if (transform == nullptr) continue;
    const std::size_t bytes = program::weight_bytes(program, value, *transform, n);
    if (prepared[id]) {
      memory.weights += bytes;
    } else {
      on_the_way = std::max(on_the_way, std::min(bytes, ckks_params::kEncodingBytes));
    }
  }
  memory.weights += on_the_way;
  memory.program = listed_bytes(program);
  // Four words and two doubles a twiddle factor (kernels::NttTables).
  constexpr std::size_t kTwiddleBytes = 6 * 8;
  memory.tables = (program.primes.size() + program.special_primes.size()) * n * kTwiddleBytes;
  return memory;
}

}  // namespace serdab::program
