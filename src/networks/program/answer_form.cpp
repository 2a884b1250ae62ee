#include "networks/program/answer_form.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "engine/base/overloaded.h"
#include "engine/ckks_params/noise.h"

namespace serdab::program {
namespace {

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// More would be no sum of a program that anybody compiles.
constexpr std::size_t kMaxRotations = 32;
// Between the largest answer and the modulus.
constexpr double kSpareBits = 2;

// The smallest power of two T such that a[i] = a[i + T], the length being a power of two.
template <typename T>
std::uint32_t period_of(const T* a, std::size_t length) {
  while (length > 1 && std::equal(a, a + length / 2, a + length / 2)) length /= 2;
  return static_cast<std::uint32_t>(length);
}

// Follows periods of positions through the program.
class Periods {
 public:
  explicit Periods(const Program& program) : program_(program) {}

  std::uint32_t of_answer() {
    for (const Value& value : program_.values) {
      periods_.push_back(std::visit(
          base::Overloaded{
              [&](const Input&) { return program_.positions; },
              [&](const AddConstant& op) { return std::max(periods_[op.from], period(op)); },
              [&](const Transform& op) { return period(op, value); },
              [&](const RotateSum& op) { return period(op); },
              [&](const Mask& op) { return std::max(periods_[op.from], period(op.factors)); },
              [&](const auto&) {
                std::uint32_t longest = 1;
                for (const ValueId from : operands(value.op)) {
                  longest = std::max(longest, periods_[from]);
                }
                return longest;
              }},
          value.op));
    }
    return periods_.back();
  }

 private:
  std::uint32_t period(const AddConstant& op) const {
    return op.constants.size() == 1 ? 1 : period(op.constants);
  }

  // Of vectors of a number for every position.
  std::uint32_t period(const std::vector<double>& vectors) const {
    std::uint32_t longest = 1;
    for (std::size_t at = 0; at < vectors.size(); at += program_.positions) {
      longest = std::max(longest, period_of(vectors.data() + at, program_.positions));
    }
    return longest;
  }

  // How often each rotation of the operand is in the sum.
  std::uint32_t period(const RotateSum& op) const {
    const std::uint32_t period = periods_[op.from];
    if (op.rotations.size() > kMaxRotations) return period;
    std::vector<std::uint64_t> times(period), next(period);
    times[0] = 1;
    for (const Rotation& rotation : op.rotations) {
      for (std::uint32_t i = 0; i < period; ++i) {
        next[i] = times[i] + times[(i + rotation.shift) % period];
      }
      times.swap(next);
    }
    return period_of(times.data(), period);
  }

  // Rows of the matrix by a digest: what position p weighs the operand's positions with, those that
  // are equal counted as one.
  std::uint32_t period(const Transform& op, const Value& value) const {
    const std::uint32_t positions = program_.positions;
    std::vector<std::uint64_t> rows(std::size_t{value.count} * positions);
    for (const Diagonal& diagonal : op.diagonals) {
      const std::uint64_t shift =
          std::uint64_t{op.babies[diagonal.baby].shift} + op.giants[diagonal.giant].shift;
      for (std::size_t i = 0; i < diagonal.positions.size(); ++i) {
        for (std::uint32_t p = diagonal.positions[i]; p < positions; p += positions / op.repeats) {
          const std::uint64_t from = (p + shift) % positions % periods_[op.from];
          rows[std::size_t{diagonal.output} * positions + p] +=
              mixed(mixed(diagonal.input * std::uint64_t{positions} + from) ^
                    bits_of(diagonal.weights[i]));
        }
      }
    }
    std::uint32_t longest = 1;
    for (std::size_t at = 0; at < rows.size(); at += positions) {
      longest = std::max(longest, period_of(rows.data() + at, positions));
    }
    return longest;
  }

  // The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
  static std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
  }

  const Program& program_;
  std::vector<std::uint32_t> periods_;  ///< of the values so far
};

std::size_t packed_bytes(std::size_t count, unsigned bits) { return (count * bits + 7) / 8; }

}  // namespace

std::uint32_t answer_stride(const Program& program) {
  return program.images > 1 ? 1 : program.positions / Periods(program).of_answer();
}

AnswerForm choose_answer_form(const Program& program, const AnswerRange& range,
                              const ckks_params::Parameters& parameters) {
  AnswerForm whole;
  whole.stride = answer_stride(program);
  const Value& answer = program.answer();
  const double log_q = parameters.log_q(answer.level);
  if (!(range.noise > 0) || !(range.limit > 0) || log_q > AnswerForm::kMaxLogQ) return whole;
  const double headroom = log_q - 1 - std::log2(range.limit * answer.scale.value);
  const double gain = std::floor(headroom - kSpareBits);
  AnswerForm form = whole;
  form.gain_bits = static_cast<std::uint8_t>(std::clamp<double>(gain, 0, AnswerForm::kMaxGain));
  const base::Scale scale{std::ldexp(answer.scale.value, form.gain_bits)};
  const ckks_params::NoiseModel model(parameters);
  AnswerForm best = whole;
  std::size_t fewest = answer_bytes(answer, whole, parameters.literal());
  for (unsigned other = 1; other <= AnswerForm::kMaxBits; ++other) {
    for (unsigned first = 1; first <= AnswerForm::kMaxBits; ++first) {
      const ckks_params::NoisePower added = model.answer_rounding(
          std::exp2(log_q - first), std::exp2(log_q - other), answer.parts, whole.stride);
      if (model.slot_deviation(added, scale) > range.noise / 4) continue;
      form.first_bits = static_cast<std::uint8_t>(first);
      form.other_bits = static_cast<std::uint8_t>(other);
      const std::size_t bytes = answer_bytes(answer, form, parameters.literal());
      if (bytes < fewest) {
        fewest = bytes;
        best = form;
      }
      break;
    }
  }
  return best;
}

AnswerForm choose_answer_form(const Package& package) {
  const AnswerRange range{package.manifest.answer_limit, package.manifest.answer_noise};
  return choose_answer_form(package.program, range,
                            ckks_params::Parameters::create(package.parameters));
}

std::size_t answer_bytes(const Value& answer, const AnswerForm& form,
                         const ckks_params::ParametersLiteral& parameters) {
  const std::size_t n = std::size_t{1} << parameters.log_n;
  std::size_t ciphertext = 0;
  if (!form.rounded()) {
    for (std::size_t i = 0; i < answer.level.primes(); ++i) {
      const auto bits = static_cast<unsigned>(std::bit_width(parameters.q[i]));
      ciphertext += answer.parts * packed_bytes(n, bits);
    }
  } else {
    ciphertext = packed_bytes(n / form.stride, form.first_bits) +
                 (answer.parts - 1) * packed_bytes(n, form.other_bits);
  }
  return answer.count * ciphertext;
}

}  // namespace serdab::program
