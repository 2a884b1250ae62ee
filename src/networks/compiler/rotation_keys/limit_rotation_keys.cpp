#include "networks/compiler/rotation_keys/limit_rotation_keys.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/error.h"
#include "networks/program/file_sizes.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

using program::Program;
using program::Rotation;

// A rotation is not carried out in more steps than this by other keys.
constexpr std::size_t kLongest = 8;

// Calls f(rotation, level) for every rotation of the program.
template <typename P, typename F>
void for_each_rotation(P& program, F&& f) {
  for (auto& value : program.values) {
    if (auto* transform = std::get_if<program::Transform>(&value.op)) {
      for (auto& rotation : transform->babies) f(rotation, value.level);
      for (auto& rotation : transform->giants) f(rotation, value.level);
    } else if (auto* sum = std::get_if<program::RotateSum>(&value.op)) {
      for (auto& rotation : sum->rotations) f(rotation, value.level);
    } else if (auto* rotate = std::get_if<program::Rotate>(&value.op)) {
      for (auto& rotation : rotate->rotations) f(rotation, value.level);
    } else if (auto* total = std::get_if<program::RotatedTotal>(&value.op)) {
      for (auto& rotation : total->rotations) f(rotation, value.level);
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

// The fewest other steps that make up a step, at most `longest`; empty if there are none.
std::vector<std::uint32_t> made_up(std::uint32_t step, const std::map<std::uint32_t, double>& steps,
                                   std::uint32_t places, std::size_t longest) {
  std::vector<std::uint32_t> reached_by(places);  // last step on the way; 0: not reached
  std::vector<std::uint32_t> frontier = {0};
  for (std::size_t length = 1; length <= longest && !frontier.empty(); ++length) {
    std::vector<std::uint32_t> next;
    for (const std::uint32_t from : frontier) {
      for (const auto& [other, work] : steps) {
        const std::uint32_t to = (from + other) % places;
        if (other == step || to == 0 || reached_by[to] != 0) continue;
        reached_by[to] = other;
        next.push_back(to);
      }
    }
    if (reached_by[step] != 0) break;
    frontier = std::move(next);
  }
  std::vector<std::uint32_t> path;
  if (reached_by[step] == 0) return path;
  for (std::uint32_t at = step; at != 0; at = (at + places - reached_by[at]) % places) {
    path.push_back(reached_by[at]);
  }
  return path;
}

void replace(Program& program, std::uint32_t step, const std::vector<std::uint32_t>& by) {
  for_each_rotation(program, [&](Rotation& rotation, base::Level) {
    std::vector<std::uint32_t> steps;
    for (const std::uint32_t s : rotation.steps) {
      if (s == step) {
        steps.insert(steps.end(), by.begin(), by.end());
      } else {
        steps.push_back(s);
      }
    }
    rotation.steps = std::move(steps);
  });
}

struct Cut {
  std::uint32_t step = 0;
  std::vector<std::uint32_t> by;
  double work = 0;  ///< what it adds
};

// The key that is cheapest to give up.
std::optional<Cut> cheapest_cut(const Program& program, std::size_t longest) {
  const std::map<std::uint32_t, double> steps = uses(program);
  std::optional<Cut> best;
  for (const auto& [step, work] : steps) {
    if (best && work >= best->work) continue;  // one more step at least
    std::vector<std::uint32_t> by = made_up(step, steps, program.places(), longest);
    if (by.empty()) continue;
    const double added = work * static_cast<double>(by.size() - 1);
    if (!best || added < best->work) best = Cut{step, std::move(by), added};
  }
  return best;
}

}  // namespace

std::size_t limit_rotation_keys(program::Package& package, std::size_t max_bytes) {
  Program& program = package.program;
  std::size_t given_up = 0;
  while (program::file_sizes(package).evaluation_keys > max_bytes) {
    std::optional<Cut> cut = cheapest_cut(program, 2);
    if (!cut) cut = cheapest_cut(program, kLongest);
    if (!cut) {
      base::fail(base::ErrorCode::kUnsupported,
                 "evaluation keys of " + std::to_string(max_bytes) +
                     " bytes do not suffice: the fewest rotations that make up all others need " +
                     std::to_string(program::file_sizes(package).evaluation_keys) +
                     "; allow more with --max-key-bytes, or use --layout batch");
    }
    replace(program, cut->step, cut->by);
    ++given_up;
  }
  program::verify(program);
  return given_up;
}

}  // namespace serdab::compiler
