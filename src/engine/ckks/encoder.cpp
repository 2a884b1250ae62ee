#include "engine/ckks/encoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <string>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/integers.h"
#include "engine/ckks_params/cost_model.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"
#include "engine/ring/transform.h"

namespace serdab::ckks {
namespace {

using Complex = std::complex<double>;
using base::ErrorCode;
using base::RingKind;

void check_message(const Context& context, std::size_t count, Level level, Scale scale) {
  check_level(context, level, "encode");
  if (count > context.slots()) {
    base::fail(ErrorCode::kInvalidArgument, "encode: " + std::to_string(count) + " values for " +
                                                std::to_string(context.slots()) + " slots");
  }
  if (!(scale.value > 0) || !std::isfinite(scale.value)) {
    base::fail(ErrorCode::kInvalidArgument, "encode: scale " + std::to_string(scale.value));
  }
}

/// Refuses what is not finite or does not fit below Q/2.
void check_bound(const Context& context, double bound, Level level) {
  if (!std::isfinite(bound)) {
    base::fail(ErrorCode::kInvalidArgument, "encode: a value is not finite");
  }
  const double log_q = context.parameters().log_q(level);
  if (bound > 0 && std::log2(bound) >= log_q - 1) {
    base::fail(ErrorCode::kInvalidArgument,
               "encode: the scaled message has " + std::to_string(std::log2(bound)) +
                   " bits and a sign; level " + std::to_string(level.value) + " holds " +
                   std::to_string(log_q) + ": lower the scale or use a higher level");
  }
}

double largest(std::span<const double> coefficients) {
  double bound = 0;
  for (const double x : coefficients) {
    if (!std::isfinite(x)) return x;
    bound = std::max(bound, std::abs(x));
  }
  return bound;
}

/// Slots to the n rounded coefficients in place; the largest magnitude of them.
double to_coefficients(const SlotTransform& transform, std::size_t n, base::Buffer<double>& work,
                       Scale scale) {
  transform.inverse_times_n(work.data(), work.data() + transform.size());
  const double factor = scale.value / static_cast<double>(transform.size());
  // In the conjugate-invariant ring the imaginary parts repeat the real ones.
  return kernels::kernels().messages.scale_round(factor, work.data(), n);
}

/// Rounded coefficients, none larger than the bound, to values modulo every prime of the basis.
ring::RnsPoly<ring::Ntt> values_modulo(const ring::RnsBasis& basis, const double* coefficients,
                                       double bound) {
  ring::RnsPoly<ring::Ntt> poly(basis.n(), basis.size());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const auto& k = kernels::kernels();
    k.messages.integer_residues(basis.modulus(i), bound, coefficients, poly.limb(i), basis.n());
    k.ntt_forward_one(basis.ntt(i), poly.limb(i));
  });
  return poly;
}

Plaintext plaintext_of(const Context& context, const double* coefficients, double bound,
                       Level level, Scale scale) {
  check_bound(context, bound, level);
  return {values_modulo(context.basis(level), coefficients, bound), level, scale,
          context.parameters().id()};
}

ring::RnsPoly<ring::Coeff> residues_of(const Context& context, const Plaintext& plaintext) {
  check_parameters(context, plaintext.parameter_id, "decode");
  const ring::RnsBasis basis = context.basis(plaintext.level);
  ring::RnsPoly<ring::Coeff> residues(basis.n(), basis.size(), plaintext.poly.secrecy());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().ntt_inverse_one(basis.ntt(i), plaintext.poly.limb(i), residues.limb(i));
  });
  return residues;
}
ring::RnsPoly<ring::Coeff> residues_of(const Context& context, Plaintext&& plaintext) {
  check_parameters(context, plaintext.parameter_id, "decode");
  return ring::to_coeff(std::move(plaintext.poly), context.basis(plaintext.level));
}

/// The centred coefficients, each divided by the divisor. Overwrites the residues.
void centred_coefficients(const Context& context, ring::RnsPoly<ring::Coeff>& residues,
                          double divisor, double* out) {
  const std::size_t n = context.n(), limbs = residues.limbs();
  const ring::RnsBasis basis(context.ring(), limbs, 0);
  std::vector<arith::Modulus> moduli;
  std::vector<std::uint64_t> inverses;
  for (std::size_t i = 0; i < limbs; ++i) {
    moduli.push_back(basis.modulus(i));
    for (std::size_t j = 0; j < limbs; ++j) inverses.push_back(context.ring().inverse(i, j));
  }
  // All limbs of a piece and its coefficients lie in the level-two cache.
  const std::size_t piece = std::min<std::size_t>(n, 1024);
  const auto reconstruct = [&](std::size_t index) {
    const std::size_t at = index * piece;
    std::vector<std::uint64_t*> limb(limbs);
    for (std::size_t i = 0; i < limbs; ++i) limb[i] = residues.limb(i) + at;
    kernels::kernels().messages.centred_doubles(limbs, moduli.data(), inverses.data(), limb.data(),
                                                out + at, piece);
    for (std::size_t c = at; c < at + piece; ++c) out[c] /= divisor;
  };
  if (n * limbs >= std::size_t{1} << 17) {
    base::parallel_for(n / piece, reconstruct);
  } else {
    for (std::size_t index = 0; index < n / piece; ++index) reconstruct(index);
  }
}

}  // namespace

/// What vectors that repeat are encoded in.
struct Encoder::Subring {
  ring::Ring ring;
  SlotTransform transform;
};

class Encoder::Subrings {
 public:
  const Subring& of(const Context& context, unsigned log_repeats) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Subring>& subring = made_[log_repeats];
    if (!subring) {
      const auto log_slots = static_cast<unsigned>(std::countr_zero(context.slots()));
      subring = std::unique_ptr<Subring>(
          new Subring{{context.ring(), log_repeats}, SlotTransform(log_slots - log_repeats)});
    }
    return *subring;
  }

 private:
  std::mutex mutex_;
  std::map<unsigned, std::unique_ptr<Subring>> made_;
};

Encoder::Encoder(const Context& context)
    : context_(&context),
      transform_(static_cast<unsigned>(std::countr_zero(context.slots()))),
      subrings_(std::make_shared<Subrings>()) {}

// Slots are worked on as two arrays, real parts and then imaginary parts: in the standard ring
// those of the folded polynomial are the two halves of the coefficients.

Plaintext Encoder::encode(std::span<const double> values, Level level, Scale scale) const {
  check_message(*context_, values.size(), level, scale);
  return encode_slots(place(values), level, scale);
}

LiftedPlaintext Encoder::encode_lifted(std::span<const double> values, Level level,
                                       Scale scale) const {
  check_message(*context_, values.size(), level, scale);
  base::Buffer<double> work = place(values);
  const double bound = to_coefficients(transform_, context_->n(), work, scale);
  check_bound(*context_, bound, level);
  return {values_modulo(context_->basis_qp(level), work.data(), bound), level, scale,
          context_->parameters().id()};
}

LiftedPlaintext Encoder::encode_lifted_repeated(std::span<const double> values, Level level,
                                                Scale scale) const {
  base::require(std::has_single_bit(values.size()), ErrorCode::kInvalidArgument,
                "encode: a vector that repeats has a power of two of values");
  check_message(*context_, values.size(), level, scale);
  std::vector<double> longer(values.begin(), values.end());
  const std::size_t least =
      std::min(ckks_params::kLeastRepeated, context_->n()) * slots() / context_->n();
  while (longer.size() < least) {
    longer.insert(longer.end(), values.begin(), values.end());
  }
  if (longer.size() == slots()) return encode_lifted(longer, level, scale);
  const auto log_repeats = static_cast<unsigned>(std::countr_zero(slots() / longer.size()));
  const Subring& subring = subrings_->of(*context_, log_repeats);

  base::Buffer<double> work = base::Buffer<double>::zeroed(2 * longer.size());
  const std::uint32_t* position = subring.transform.positions();
  for (std::size_t i = 0; i < longer.size(); ++i) work[position[i]] = longer[i];
  const double bound = to_coefficients(subring.transform, subring.ring.n(), work, scale);
  check_bound(*context_, bound, level);
  return {values_modulo(subring.ring.basis_qp(level), work.data(), bound), level, scale,
          context_->parameters().id()};
}

base::Buffer<double> Encoder::place(std::span<const double> values) const {
  base::Buffer<double> work(2 * slots());
  const std::size_t zeroed = values.size() == slots() ? slots() : 0;
  std::fill(work.begin() + zeroed, work.end(), 0.0);
  const std::uint32_t* position = transform_.positions();
  for (std::size_t i = 0; i < values.size(); ++i) work[position[i]] = values[i];
  return work;
}

Plaintext Encoder::encode(std::span<const Complex> values, Level level, Scale scale) const {
  check_message(*context_, values.size(), level, scale);
  base::require(context_->parameters().ring() == RingKind::kStandard, ErrorCode::kInvalidArgument,
                "encode: the conjugate-invariant ring holds real values only");
  base::Buffer<double> work(2 * slots());
  if (values.size() < slots()) std::fill(work.begin(), work.end(), 0.0);
  const std::uint32_t* position = transform_.positions();
  double* const re = work.data();
  double* const im = re + slots();
  for (std::size_t i = 0; i < values.size(); ++i) {
    re[position[i]] = values[i].real();
    im[position[i]] = SlotTransform::conjugated(i) ? -values[i].imag() : values[i].imag();
  }
  return encode_slots(std::move(work), level, scale);
}

Plaintext Encoder::encode_slots(base::Buffer<double>&& work, Level level, Scale scale) const {
  const double bound = to_coefficients(transform_, context_->n(), work, scale);
  return plaintext_of(*context_, work.data(), bound, level, scale);
}

Plaintext encode_coefficients(const Context& context, std::span<const double> coefficients,
                              Level level, Scale scale) {
  SERDAB_ASSERT(coefficients.size() == context.n());
  check_level(context, level, "encode");
  return plaintext_of(context, coefficients.data(), largest(coefficients), level, scale);
}

Plaintext Encoder::encode_coefficients(std::span<const double> coefficients, Level level,
                                       Scale scale) const {
  return ckks::encode_coefficients(*context_, coefficients, level, scale);
}

Plaintext Encoder::encode_constant(double value, Level level, Scale scale) const {
  check_message(*context_, 1, level, scale);
  const double scaled = std::nearbyint(value * scale.value);
  check_bound(*context_, std::abs(scaled), level);
  const ring::RnsBasis basis = context_->basis(level);
  ring::RnsPoly<ring::Ntt> poly(basis.n(), basis.size());
  for (std::size_t i = 0; i < basis.size(); ++i) {
    std::fill_n(poly.limb(i), basis.n(), integer_residue(scaled, basis.modulus(i)));
  }
  return {std::move(poly), level, scale, context_->parameters().id()};
}

std::vector<double> Encoder::decode_coefficients(const Plaintext& plaintext) const {
  std::vector<double> coefficients(context_->n());
  auto residues = residues_of(*context_, plaintext);
  centred_coefficients(*context_, residues, 1, coefficients.data());
  return coefficients;
}

/// Completes coefficients, the first n words of `work`, to the folded polynomial.
void Encoder::fold(base::Buffer<double>& work) const {
  if (context_->parameters().ring() == RingKind::kStandard) return;
  const std::size_t n = context_->n();
  work[n] = 0;
  for (std::size_t k = 1; k < n; ++k) work[n + k] = -work[n - k];
}

base::Buffer<double> Encoder::values_of(ring::RnsPoly<ring::Coeff>&& residues, Scale scale) const {
  base::Buffer<double> work(2 * slots());
  centred_coefficients(*context_, residues, scale.value, work.data());
  fold(work);
  transform_.forward(work.data(), work.data() + slots());
  return work;
}

std::vector<Complex> Encoder::complex_slots(const base::Buffer<double>& values) const {
  const std::uint32_t* position = transform_.positions();
  const double* const re = values.data();
  const double* const im = re + slots();
  std::vector<Complex> result(slots());
  for (std::size_t i = 0; i < slots(); ++i) {
    const double imaginary = im[position[i]];
    result[i] = {re[position[i]], SlotTransform::conjugated(i) ? -imaginary : imaginary};
  }
  return result;
}

std::vector<Complex> Encoder::slots_of(std::span<const double> coefficients, Scale scale) const {
  SERDAB_ASSERT(coefficients.size() == context_->n());
  base::Buffer<double> work(2 * slots());
  for (std::size_t k = 0; k < coefficients.size(); ++k) work[k] = coefficients[k] / scale.value;
  fold(work);
  transform_.forward(work.data(), work.data() + slots());
  return complex_slots(work);
}

std::vector<double> Encoder::real_slots(const base::Buffer<double>& values) const {
  std::vector<double> real(slots());
  const std::uint32_t* position = transform_.positions();
  for (std::size_t i = 0; i < slots(); ++i) real[i] = values[position[i]];
  return real;
}

std::vector<Complex> Encoder::decode(const Plaintext& plaintext) const {
  return complex_slots(values_of(residues_of(*context_, plaintext), plaintext.scale));
}
std::vector<Complex> Encoder::decode(Plaintext&& plaintext) const {
  const Scale scale = plaintext.scale;
  return complex_slots(values_of(residues_of(*context_, std::move(plaintext)), scale));
}
std::vector<double> Encoder::decode_real(const Plaintext& plaintext) const {
  return real_slots(values_of(residues_of(*context_, plaintext), plaintext.scale));
}
std::vector<double> Encoder::decode_real(Plaintext&& plaintext) const {
  const Scale scale = plaintext.scale;
  return real_slots(values_of(residues_of(*context_, std::move(plaintext)), scale));
}

}  // namespace serdab::ckks
