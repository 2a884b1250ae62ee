#include "networks/compiler/plan/work.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "networks/program/prepared_weights.h"

namespace serdab::compiler {
namespace {

using ckks_params::WorkCounts;

using program::WorkKind;

bool is_short(std::uint64_t prime) { return prime >> ckks_params::kShortPrimeBits == 0; }

// Primes of a basis by how their residues are kept.
struct Residues {
  double shorts = 0, longs = 0;
  void add(std::uint64_t prime) { (is_short(prime) ? shorts : longs) += 1; }
};

// The engine's algorithms for polynomials of l primes.
class Formulas {
 public:
  Formulas(unsigned log_n, std::vector<std::uint64_t> primes, std::vector<std::uint64_t> special,
           unsigned digit_primes)
      : n_(std::exp2(log_n)),
        ntt_(n_ / 2 * log_n),
        special_(static_cast<double>(special.size())),
        digit_primes_(std::max(1u, digit_primes)),
        primes_(std::move(primes)),
        special_primes_(std::move(special)) {}

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

  // What is kept (keys, weights) times two residues each, in Q and P; `kept` words are read for a
  // product with each.
  WorkCounts sums(double l, double products, double kept) const {
    const Residues residues = in_qp(l);
    return {.multiplications = n_ * products * residues.longs,
            .short_products = n_ * products * residues.shorts,
            .streamed_bytes = n_ * kept * (8 * residues.longs + 4 * residues.shorts)};
  }

  // Digits times a key, and P times a polynomial that joins the sums.
  WorkCounts products(double l) const {
    WorkCounts counts = sums(l, 2 * digits(l), 2 * digits(l));
    counts.moved_words += n_ * l;
    return counts;
  }

  WorkCounts key_sums(double l) const {
    WorkCounts counts = raised(l);
    counts += products(l);
    return counts;
  }

  // A vector to slots, coefficients and residues: transforms of n/repeats numbers, one of them of
  // complex ones, which is two butterflies' work each.
  WorkCounts encoding(double l, double repeats) const {
    const double once = n_ / repeats;
    const double butterflies = once / 2 * std::log2(once);
    return {.butterflies = butterflies * (l + special_ + 4),
            .moved_words = once * (l + special_ + 8)};
  }

  // Two polynomials in Q and P that are permuted.
  WorkCounts moved(double l) const { return {.moved_words = 2 * n_ * (l + special_)}; }

  // One polynomial of l primes and `dropped` more that are divided by.
  WorkCounts division(double l, double dropped) const {
    WorkCounts counts = {.butterflies = (dropped + l) * ntt_, .moved_words = n_ * l};
    counts += conversion(dropped, l);
    return counts;
  }

  TransformCosts transform(double l, std::size_t repeats) const {
    TransformCosts costs;
    costs.encoding = encoding(l, static_cast<double>(repeats));
    costs.input = raised(l);
    costs.baby = products(l);
    costs.baby += moved(l);
    costs.diagonal = sums(l, 2, 1 / static_cast<double>(repeats));
    costs.giant = division(l, special_);
    costs.giant += key_sums(l);
    costs.giant += moved(l);
    costs.output = 2 * division(l, special_);
    costs.sum = costs.giant;
    return costs;
  }

 private:
  Residues in_qp(double l) const {
    Residues residues;
    for (std::size_t i = 0; i < static_cast<std::size_t>(l); ++i) residues.add(primes_[i]);
    for (const std::uint64_t prime : special_primes_) residues.add(prime);
    return residues;
  }

  double n_, ntt_, special_;
  unsigned digit_primes_;
  std::vector<std::uint64_t> primes_, special_primes_;
};

WorkByKind only(WorkKind kind, const WorkCounts& counts) {
  WorkByKind work;
  work[kind] = counts;
  return work;
}

class Counter {
 public:
  Counter(const program::Program& program, unsigned log_n, unsigned digit_primes)
      : program_(program),
        formulas_(log_n, program.primes, program.special_primes, digit_primes),
        n_(formulas_.n()),
        divided_by_rescale_(program::divided_by_rescale(program)),
        prepared_(program::prepared_weights(program, std::size_t{1} << log_n,
                                            program::kPreparedWeightBytes)) {}

  WorkByKind count(program::ValueId id) const {
    const program::Value& value = program_.values[id];
    WorkByKind work;
    if (std::holds_alternative<program::Relinearise>(value.op)) {
      work[WorkKind::kRelinearising] = value.count * formulas_.key_sums(primes(value));
      if (!divided_by_rescale_[id]) {
        work[WorkKind::kRelinearising] +=
            2 * value.count * formulas_.division(primes(value), formulas_.special());
      }
    } else {
      work = std::visit([&](const auto& op) { return count(op, value); }, value.op);
    }
    if (&value == &program_.answer()) work[WorkKind::kPacking].uniform_words += words(value);
    return work;
  }

 private:
  static double primes(const program::Value& value) {
    return static_cast<double>(value.level.primes());
  }
  double words(const program::Value& value) const {
    return value.count * value.parts * primes(value) * n_;
  }

  WorkByKind count(const program::Input&, const program::Value& value) const {
    return only(WorkKind::kUnpacking, {.uniform_words = words(value)});
  }

  WorkByKind count(const program::Affine& op, const program::Value& value) const {
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
    return only(WorkKind::kWeightedSums, counts);
  }

  static double weight_bits(const program::WeightMatrix& matrix) {
    std::int32_t largest = 1;
    for (std::int32_t w : matrix.weights) largest = std::max(largest, std::abs(w));
    return std::ceil(std::log2(largest + 1.0));
  }

  WorkByKind count(const program::Square&, const program::Value& value) const {
    return only(WorkKind::kCiphertextProducts, {.multiplications = words(value)});
  }
  WorkByKind count(const program::Multiply&, const program::Value& value) const {
    return only(WorkKind::kCiphertextProducts, {.multiplications = words(value) * 4 / 3});
  }
  WorkByKind count(const program::AddScaled& op, const program::Value& value) const {
    return only(WorkKind::kAdditions,
                {.moved_words = words(value) * program_.values[op.addend].parts / value.parts});
  }
  WorkByKind count(const program::AddConstant&, const program::Value& value) const {
    return only(WorkKind::kAdditions, {.moved_words = words(value) / value.parts});
  }

  WorkByKind count(const program::Relinearise&, const program::Value&) const { return {}; }
  WorkByKind count(const program::Rescale& op, const program::Value& value) const {
    const double dropped = op.primes + (divided_by_rescale_[op.from] ? formulas_.special() : 0);
    return only(WorkKind::kDivisions,
                value.count * value.parts * formulas_.division(primes(value), dropped));
  }

  static double rotated(const std::vector<program::Rotation>& rotations) {
    double steps = 0;
    for (const program::Rotation& rotation : rotations) {
      steps += static_cast<double>(rotation.steps.size());
    }
    return steps;
  }

  bool divides(const program::Value& value) const {
    return !divided_by_rescale_[static_cast<std::size_t>(&value - program_.values.data())];
  }

  WorkByKind count(const program::Transform& op, const program::Value& value) const {
    const double inputs = program_.values[op.from].count;
    const TransformCosts costs =
        formulas_.transform(primes(value), std::size_t{op.repeats} * program_.images);
    WorkByKind work;
    work[WorkKind::kDecomposing] = inputs * costs.input;
    work[WorkKind::kInnerProducts] = inputs * rotated(op.babies) * costs.baby;
    work[WorkKind::kPlaintextProducts] = static_cast<double>(op.diagonals.size()) * costs.diagonal;
    if (!prepared_[static_cast<std::size_t>(&value - program_.values.data())]) {
      work[WorkKind::kEncoding] = static_cast<double>(op.diagonals.size()) * costs.encoding;
    }
    work[WorkKind::kGiantSteps] = value.count * rotated(op.giants) * costs.giant;
    if (divides(value)) work[WorkKind::kDivisions] = value.count * costs.output;
    return work;
  }

  WorkByKind count(const program::RotateSum& op, const program::Value& value) const {
    const TransformCosts costs = formulas_.transform(primes(value), 1);
    WorkByKind work;
    WorkCounts& steps = work[WorkKind::kGiantSteps];
    steps = value.count * rotated(op.rotations) * costs.sum;
    // The first step reads part 1 as it is.
    steps += -1.0 * value.count * formulas_.division(primes(value), formulas_.special());
    steps.moved_words += 2 * value.count * n_ * primes(value);
    if (divides(value)) work[WorkKind::kDivisions] = value.count * costs.output;
    return work;
  }

  WorkByKind count(const program::ScaleUp&, const program::Value& value) const {
    return only(WorkKind::kAdditions, {.moved_words = words(value)});
  }
  WorkByKind count(const program::ModDrop&, const program::Value&) const { return {}; }

  WorkByKind count(const program::Contract& op, const program::Value& value) const {
    const double products = static_cast<double>(op.terms.size()) / value.count;
    return only(WorkKind::kCiphertextProducts, {.multiplications = products * words(value) * 4 / 3,
                                                .moved_words = products * words(value)});
  }
  WorkByKind count(const program::Mask&, const program::Value& value) const {
    return only(WorkKind::kPlaintextProducts, {.multiplications = words(value)});
  }
  // The first steps share a decomposition and divide; the others are as those of a sum.
  WorkByKind count(const program::Rotate& op, const program::Value& value) const {
    const TransformCosts costs = formulas_.transform(primes(value), 1);
    double first = 0;
    for (const program::Rotation& rotation : op.rotations) first += rotation.steps.empty() ? 0 : 1;
    WorkByKind work;
    work[WorkKind::kDecomposing] = costs.input;
    work[WorkKind::kInnerProducts] = first * costs.baby;
    work[WorkKind::kInnerProducts] += first * costs.output;
    work[WorkKind::kGiantSteps] = (rotated(op.rotations) - first) * costs.sum;
    return work;
  }
  WorkByKind count(const program::RotatedTotal& op, const program::Value& value) const {
    const TransformCosts costs = formulas_.transform(primes(value), 1);
    WorkByKind work;
    work[WorkKind::kGiantSteps] = rotated(op.rotations) * costs.sum;
    if (divides(value)) work[WorkKind::kDivisions] = costs.output;
    return work;
  }
  WorkByKind count(const program::Select&, const program::Value& value) const {
    return only(WorkKind::kAdditions, {.moved_words = words(value)});
  }
  WorkByKind count(const program::Reinterpret&, const program::Value&) const { return {}; }

  const program::Program& program_;
  Formulas formulas_;
  double n_;
  std::vector<bool> divided_by_rescale_;
  std::vector<bool> prepared_;
};

}  // namespace

TransformCosts transform_costs(unsigned log_n, std::size_t primes, std::size_t special_primes,
                               unsigned digit_primes, std::size_t repeats) {
  return Formulas(log_n, std::vector<std::uint64_t>(primes),
                  std::vector<std::uint64_t>(special_primes), digit_primes)
      .transform(static_cast<double>(primes), repeats);
}

std::vector<WorkByKind> count_work(const program::Program& program, unsigned log_n,
                                   unsigned digit_primes) {
  const Counter counter(program, log_n, digit_primes);
  std::vector<WorkByKind> counts;
  for (program::ValueId id = 0; id < program.values.size(); ++id) {
    counts.push_back(counter.count(id));
  }
  return counts;
}

WorkByKind query_work(const program::Program& program, unsigned log_n, unsigned digit_primes) {
  WorkByKind work;
  for (const WorkByKind& of_value : count_work(program, log_n, digit_primes)) work += of_value;
  return work;
}

}  // namespace serdab::compiler
