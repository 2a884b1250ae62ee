#include "networks/compiler/rotation_keys/limit_rotation_keys.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "engine/base/error.h"
#include "networks/program/file_sizes.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

using program::Program;
using program::Rotation;

// Calls f(rotation, level) for every rotation of the program.
template <typename P, typename F>
void for_each_rotation(P& program, F&& f) {
  for (auto& value : program.values) {
    if (auto* transform = std::get_if<program::Transform>(&value.op)) {
      for (auto& rotation : transform->babies) f(rotation, value.level);
      for (auto& rotation : transform->giants) f(rotation, value.level);
    } else if (auto* sum = std::get_if<program::RotateSum>(&value.op)) {
      for (auto& rotation : sum->rotations) f(rotation, value.level);
    }
  }
}

// Key switches that each step carries out, by the residues they work on.
std::map<std::uint32_t, double> uses(const Program& program) {
  std::map<std::uint32_t, double> work;
  for_each_rotation(program, [&](const Rotation& rotation, base::Level level) {
    const auto primes = static_cast<double>(level.primes());
    for (const std::uint32_t step : rotation.steps) work[step] += primes * primes;
  });
  return work;
}

// Two other steps that make up a step, the least used of those that there are.
std::optional<std::pair<std::uint32_t, std::uint32_t>> halves(
    std::uint32_t step, const std::map<std::uint32_t, double>& steps, std::uint32_t positions) {
  for (const auto& [first, work] : steps) {
    const std::uint32_t second = (step + positions - first) % positions;
    if (first == step || second == step || second == 0 || second < first) continue;
    if (steps.count(second) > 0) return std::pair{first, second};
  }
  return std::nullopt;
}

void replace(Program& program, std::uint32_t step, std::pair<std::uint32_t, std::uint32_t> by) {
  for_each_rotation(program, [&](Rotation& rotation, base::Level) {
    std::vector<std::uint32_t> steps;
    for (const std::uint32_t s : rotation.steps) {
      if (s == step) {
        steps.push_back(by.first);
        steps.push_back(by.second);
      } else {
        steps.push_back(s);
      }
    }
    rotation.steps = std::move(steps);
  });
}

}  // namespace

std::size_t limit_rotation_keys(program::Package& package, std::size_t max_bytes) {
  Program& program = package.program;
  std::size_t given_up = 0;
  while (program::file_sizes(package).evaluation_keys > max_bytes) {
    const std::map<std::uint32_t, double> steps = uses(program);
    std::optional<std::uint32_t> cheapest;
    for (const auto& [step, work] : steps) {
      if (cheapest && work >= steps.at(*cheapest)) continue;
      if (halves(step, steps, program.positions)) cheapest = step;
    }
    if (!cheapest) {
      base::fail(base::ErrorCode::kUnsupported,
                 "evaluation keys of " + std::to_string(max_bytes) +
                     " bytes do not suffice: the fewest rotations that make up all others need " +
                     std::to_string(program::file_sizes(package).evaluation_keys) +
                     "; allow more with --max-key-bytes, or use --layout batch");
    }
    replace(program, *cheapest, *halves(*cheapest, steps, program.positions));
    ++given_up;
  }
  program::verify(program);
  return given_up;
}

}  // namespace serdab::compiler
