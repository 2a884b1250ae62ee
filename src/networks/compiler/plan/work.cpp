#include "networks/compiler/plan/work.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace serdab::compiler {
namespace {

using ckks_params::WorkCounts;

class Counter {
 public:
  Counter(const program::Program& program, unsigned log_n, unsigned digit_primes)
      : program_(program),
        n_(std::exp2(log_n)),
        ntt_(n_ / 2 * log_n),
        digit_primes_(std::max(1u, digit_primes)) {}

  WorkCounts count(const program::Value& value) const {
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

  WorkCounts count(const program::Relinearise&, const program::Value& value) const {
    const double l = primes(value);
    const double k = static_cast<double>(program_.special_primes.size());
    const double digits = std::ceil(l / digit_primes_);
    const double inverse = l + 2 * k;
    const double forward = digits * (l + k) - l + 2 * l;
    return {.butterflies = value.count * (inverse + forward) * ntt_,
            .multiplications = value.count * n_ * (2 * digits * (l + k) + 4 * l)};
  }

  WorkCounts count(const program::Rescale& op, const program::Value& value) const {
    const double transforms = op.primes + primes(value);
    return {.butterflies = value.count * value.parts * transforms * ntt_,
            .multiplications = words(value) * (1 + op.primes)};
  }

  WorkCounts count(const program::ScaleUp&, const program::Value& value) const {
    return {.multiplications = words(value)};
  }
  WorkCounts count(const program::ModDrop&, const program::Value&) const { return {}; }

  const program::Program& program_;
  double n_;
  double ntt_;
  unsigned digit_primes_;
};

}  // namespace

std::vector<WorkCounts> count_work(const program::Program& program, unsigned log_n,
                                   unsigned digit_primes) {
  const Counter counter(program, log_n, digit_primes);
  std::vector<WorkCounts> counts;
  for (const program::Value& value : program.values) counts.push_back(counter.count(value));
  return counts;
}

}  // namespace serdab::compiler
