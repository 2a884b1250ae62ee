#include "networks/compiler/plan/work.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace serdab::compiler {
namespace {

using ckks_params::WorkCounts;

// The engine's algorithms for polynomials of l primes.
class Formulas {
 public:
  Formulas(unsigned log_n, std::size_t special_primes, unsigned digit_primes)
      : n_(std::exp2(log_n)),
        ntt_(n_ / 2 * log_n),
        special_(static_cast<double>(special_primes)),
        digit_primes_(std::max(1u, digit_primes)) {}

  double n() const { return n_; }
  double special() const { return special_; }

  // Residues over `sources` primes to `targets` others: mixed-radix digits, then their sums. One
  // source is read as it is by the transform.
  WorkCounts conversion(double sources, double targets) const {
    if (sources < 2) return {};
    return {.multiplications = n_ * (sources * (sources - 1) / 2 + sources * targets)};
  }

  double digits(double l) const { return std::ceil(l / digit_primes_); }

  // Digits of one polynomial of l primes raised to all.
  WorkCounts raised(double l) const {
    const double longest = std::min<double>(digit_primes_, l);
    WorkCounts counts = {.butterflies = digits(l) * (l + special_) * ntt_};
    counts += digits(l) * conversion(longest, l + special_ - longest);
    return counts;
  }

  // Their products with a key, and P times two polynomials that join the sums.
  WorkCounts products(double l) const {
    return {.multiplications = n_ * (2 * digits(l) * (l + special_) + 2 * l)};
  }

  WorkCounts key_sums(double l) const {
    WorkCounts counts = raised(l);
    counts += products(l);
    return counts;
  }

  // Two polynomials in Q and P that are permuted: a load and a store a word.
  WorkCounts moved(double l) const { return {.multiplications = n_ * (l + special_)}; }

  // One polynomial of l primes and `dropped` more that are divided by.
  WorkCounts division(double l, double dropped) const {
    WorkCounts counts = {.butterflies = (dropped + l) * ntt_, .multiplications = n_ * l};
    counts += conversion(dropped, l);
    return counts;
  }

  TransformCosts transform(double l) const {
    TransformCosts costs;
    costs.input = raised(l);
    costs.baby = products(l);
    costs.baby += moved(l);
    costs.diagonal = {.multiplications = 2 * (l + special_) * n_};
    costs.giant = division(l, special_);
    costs.giant += key_sums(l);
    costs.giant += moved(l);
    costs.output = 2 * division(l, special_);
    costs.sum = key_sums(l);
    costs.sum += moved(l);
    costs.sum += costs.output;
    return costs;
  }

 private:
  double n_, ntt_, special_;
  unsigned digit_primes_;
};

class Counter {
 public:
  Counter(const program::Program& program, unsigned log_n, unsigned digit_primes)
      : program_(program),
        formulas_(log_n, program.special_primes.size(), digit_primes),
        n_(formulas_.n()),
        divided_by_rescale_(program::divided_by_rescale(program)) {}

  WorkCounts count(program::ValueId id) const {
    const program::Value& value = program_.values[id];
    if (std::holds_alternative<program::Relinearise>(value.op)) {
      WorkCounts counts = value.count * formulas_.key_sums(primes(value));
      if (!divided_by_rescale_[id]) counts += 2 * value.count * formulas_.division(primes(value), formulas_.special());
      return counts;
    }
    return std::visit([&](const auto& op) { return count(op, value); }, value.op);
  }

 private:
  static double primes(const program::Value& value) {
    return static_cast<double>(value.level.primes());
  }
  double words(const program::Value& value) const {
    return value.count * value.parts * primes(value) * n_;
  }

  WorkCounts count(const program::Input&, const program::Value& value) const {
    return {.uniform_words = words(value)};
  }

  WorkCounts count(const program::Affine& op, const program::Value& value) const {
    WorkCounts counts;
    for (const program::AffineTerm& term : op.terms) {
      for (const program::Block& block : term.blocks) {
        const program::WeightMatrix& matrix = term.matrices[block.matrix];
        const double terms = double{1} * matrix.rows * matrix.cols * value.parts * n_;
        const double spare = 53 - std::ceil(std::log2(matrix.cols + 1)) - weight_bits(matrix);
        for (std::size_t i = 0; i < value.level.primes(); ++i) {
          const double bits = std::log2(static_cast<double>(program_.primes[i]));
          (bits <= spare ? counts.macs : counts.wide_macs) += terms;
          counts.gemm_words += double{1} * (matrix.rows + matrix.cols) * value.parts * n_;
        }
      }
    }
    return counts;
  }

  static double weight_bits(const program::WeightMatrix& matrix) {
    std::int32_t largest = 1;
    for (std::int32_t w : matrix.weights) largest = std::max(largest, std::abs(w));
    return std::ceil(std::log2(largest + 1.0));
  }

  WorkCounts count(const program::Square&, const program::Value& value) const {
    return {.multiplications = words(value)};
  }
  WorkCounts count(const program::Multiply&, const program::Value& value) const {
    return {.multiplications = words(value) * 4 / 3};
  }
  WorkCounts count(const program::AddScaled& op, const program::Value& value) const {
    return {.multiplications = words(value) * program_.values[op.addend].parts / value.parts};
  }
  WorkCounts count(const program::AddConstant&, const program::Value& value) const {
    return {.multiplications = words(value) / value.parts / 4};
  }

  WorkCounts count(const program::Relinearise&, const program::Value&) const { return {}; }
  WorkCounts count(const program::Rescale& op, const program::Value& value) const {
    const double dropped = op.primes + (divided_by_rescale_[op.from] ? formulas_.special() : 0);
    return value.count * value.parts * formulas_.division(primes(value), dropped);
  }

  static double rotated(const std::vector<program::Rotation>& rotations) {
    double steps = 0;
    for (const program::Rotation& rotation : rotations) {
      steps += static_cast<double>(rotation.steps.size());
    }
    return steps;
  }

  WorkCounts count(const program::Transform& op, const program::Value& value) const {
    const double inputs = program_.values[op.from].count;
    const TransformCosts costs = formulas_.transform(primes(value));
    WorkCounts counts = inputs * costs.input;
    counts += inputs * rotated(op.babies) * costs.baby;
    counts += static_cast<double>(op.diagonals.size()) * costs.diagonal;
    counts += value.count * rotated(op.giants) * costs.giant;
    if (!divided_by_rescale_[&value - program_.values.data()]) {
      counts += value.count * costs.output;
    }
    return counts;
  }

  WorkCounts count(const program::RotateSum& op, const program::Value& value) const {
    return value.count * rotated(op.rotations) * formulas_.transform(primes(value)).sum;
  }

  WorkCounts count(const program::ScaleUp&, const program::Value& value) const {
    return {.multiplications = words(value)};
  }
  WorkCounts count(const program::ModDrop&, const program::Value&) const { return {}; }

  const program::Program& program_;
  Formulas formulas_;
  double n_;
  std::vector<bool> divided_by_rescale_;
};

}  // namespace

TransformCosts transform_costs(unsigned log_n, std::size_t primes, std::size_t special_primes,
                               unsigned digit_primes) {
  return Formulas(log_n, special_primes, digit_primes).transform(static_cast<double>(primes));
}

std::vector<WorkCounts> count_work(const program::Program& program, unsigned log_n,
                                   unsigned digit_primes) {
  const Counter counter(program, log_n, digit_primes);
  std::vector<WorkCounts> counts;
  for (program::ValueId id = 0; id < program.values.size(); ++id) {
    counts.push_back(counter.count(id));
  }
  return counts;
}

}  // namespace serdab::compiler
