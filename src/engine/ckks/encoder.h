#pragma once

#include <complex>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/ckks/plaintext.h"
#include "engine/ckks/slot_transform.h"

namespace serdab::ckks {

/// Slots to polynomials and back. Slot i is the value at ζ^(3^i), so that the Galois element 3^k
/// rotates by k. Coefficients are rounded to nearest: a vector's slot error is near
/// sqrt(N/12)/scale (standard) or sqrt(N/6)/scale (conjugate-invariant), a constant's only
/// |rounding|/scale. Immutable; const calls may run on several threads. The context must outlive
/// it.
class Encoder {
 public:
  explicit Encoder(const Context& context);

  std::size_t slots() const { return transform_.size(); }

  /// Fewer values than slots are followed by zeros. Throws base::Error(kInvalidArgument) for more
  /// values than slots, values that are not finite, a scaled message that reaches Q/2, and for
  /// complex values in the conjugate-invariant ring.
  Plaintext encode(std::span<const double> values, Level level, Scale scale) const;
  Plaintext encode(std::span<const std::complex<double>> values, Level level, Scale scale) const;
  /// The same message modulo P's primes too.
  LiftedPlaintext encode_lifted(std::span<const double> values, Level level, Scale scale) const;
  /// The same for a vector that is repeated until all slots are filled: the number of values is a
  /// power of two. Such a polynomial is one in X^r, r = slots/values, and takes that much less
  /// time. Modulo a prime r consecutive residues are alike, of which one is given: the polynomial
  /// has n/r of them, but at least ckks_params::kLeastRepeated.
  LiftedPlaintext encode_lifted_repeated(std::span<const double> values, Level level,
                                         Scale scale) const;
  /// The same value in every slot; no transform.
  Plaintext encode_constant(double value, Level level, Scale scale) const;
  /// Integer coefficients as they are, n of them, each an integer held in a double.
  Plaintext encode_coefficients(std::span<const double> coefficients, Level level,
                                Scale scale) const;

  /// All slots; real parts for decode_real. A plaintext that is moved in is worked on in place.
  std::vector<std::complex<double>> decode(const Plaintext& plaintext) const;
  std::vector<std::complex<double>> decode(Plaintext&& plaintext) const;
  std::vector<double> decode_real(const Plaintext& plaintext) const;
  std::vector<double> decode_real(Plaintext&& plaintext) const;
  /// The centred integer coefficients, not divided by the scale.
  std::vector<double> decode_coefficients(const Plaintext& plaintext) const;
  /// Slots from coefficients as decode_coefficients gives them.
  std::vector<std::complex<double>> slots_of(std::span<const double> coefficients,
                                             Scale scale) const;

 private:
  using Complex = std::complex<double>;

  struct Subring;
  class Subrings;

  base::Buffer<double> place(std::span<const double> values) const;
  Plaintext encode_slots(base::Buffer<double>&& work, Level level, Scale scale) const;
  void fold(base::Buffer<double>& work) const;
  base::Buffer<double> values_of(ring::RnsPoly<ring::Coeff>&& residues, Scale scale) const;
  std::vector<Complex> complex_slots(const base::Buffer<double>& values) const;
  std::vector<double> real_slots(const base::Buffer<double>& values) const;

  const Context* context_;
  SlotTransform transform_;
  std::shared_ptr<Subrings> subrings_;  ///< made when they are first used; has a lock of its own
};

/// Encoder::encode_coefficients, for those who need no slots.
Plaintext encode_coefficients(const Context& context, std::span<const double> coefficients,
                              Level level, Scale scale);

}  // namespace serdab::ckks
