#include "networks/program/counts.h"

#include <set>
#include <utility>

namespace serdab::program {
namespace {

// Every beginning of a baby's steps is a rotation; those that a diagonal reads stay undivided.
OperationCounts count(const Transform& op) {
  using Steps = std::pair<std::uint32_t, std::vector<std::uint32_t>>;  // input, steps
  std::set<Steps> read, made;
  std::set<std::pair<std::uint32_t, std::uint32_t>> sums;  // giant, output
  for (const Diagonal& diagonal : op.diagonals) {
    Steps steps{diagonal.input, op.babies[diagonal.baby].steps};
    if (!steps.second.empty()) read.insert(steps);
    for (; !steps.second.empty(); steps.second.pop_back()) made.insert(steps);
    sums.insert({diagonal.giant, diagonal.output});
  }
  OperationCounts counts;
  counts.plaintext_products = op.diagonals.size();
  counts.lazy_rotations = read.size();
  counts.full_rotations = made.size() - read.size();
  for (const auto& [giant, output] : sums) counts.lazy_rotations += op.giants[giant].steps.size();
  return counts;
}

OperationCounts count(const Rotate& op) {
  OperationCounts counts;
  for (const Rotation& rotation : op.rotations) {
    if (rotation.steps.empty()) continue;
    ++counts.hoisted_rotations;
    counts.full_rotations += rotation.steps.size() - 1;
  }
  return counts;
}

OperationCounts count(const RotatedTotal& op) {
  OperationCounts counts;
  for (const Rotation& rotation : op.rotations) {
    if (rotation.steps.empty()) continue;
    ++counts.lazy_rotations;
    counts.full_rotations += rotation.steps.size() - 1;
  }
  return counts;
}

}  // namespace

OperationCounts& OperationCounts::operator+=(const OperationCounts& other) {
  lazy_rotations += other.lazy_rotations;
  full_rotations += other.full_rotations;
  hoisted_rotations += other.hoisted_rotations;
  relinearisations += other.relinearisations;
  plaintext_products += other.plaintext_products;
  ciphertext_products += other.ciphertext_products;
  rescales += other.rescales;
  return *this;
}

OperationCounts count_operations(const Program& program) {
  OperationCounts counts;
  for (const Value& value : program.values) {
    if (const auto* transform = std::get_if<Transform>(&value.op)) counts += count(*transform);
    if (const auto* sum = std::get_if<RotateSum>(&value.op)) {
      for (const Rotation& rotation : sum->rotations) {
        counts.full_rotations += value.count * rotation.steps.size();
      }
    }
    if (const auto* rotate = std::get_if<Rotate>(&value.op)) counts += count(*rotate);
    if (const auto* total = std::get_if<RotatedTotal>(&value.op)) counts += count(*total);
    if (const auto* contract = std::get_if<Contract>(&value.op)) {
      counts.ciphertext_products += contract->terms.size();
    }
    if (std::holds_alternative<Mask>(value.op)) counts.plaintext_products += value.count;
    if (std::holds_alternative<Relinearise>(value.op)) counts.relinearisations += value.count;
    if (std::holds_alternative<Rescale>(value.op)) counts.rescales += value.count;
    if (std::holds_alternative<Square>(value.op) || std::holds_alternative<Multiply>(value.op)) {
      counts.ciphertext_products += value.count;
    }
  }
  return counts;
}

}  // namespace serdab::program
