#pragma once

// What the tests of this room share: one key holder and the values they compare. Parameters are
// insecure unless a test says otherwise.

#include <algorithm>
#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include "engine/ckks/encoder.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"

namespace serdab::ckks_secret::testing_only {

using base::Level;
using base::RingKind;
using base::Scale;
using ckks::Ciphertext;
using Complex = std::complex<double>;
using Values = std::vector<Complex>;

/// A chain of one 49-bit prime and `primes` − 1 of 40 bits; special primes of 49 bits as alpha
/// needs.
inline ckks_params::ParametersLiteral chain(RingKind ring, unsigned log_n, std::size_t primes,
                                            unsigned alpha) {
  std::vector<double> sizes(primes, 40.0);
  sizes[0] = 49.5;
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = log_n;
  literal.q = ckks_params::choose_primes(ring, log_n, sizes);
  literal.p = ckks_params::choose_primes(ring, log_n, std::vector<double>(alpha, 49.5), literal.q);
  literal.digit_primes = alpha;
  return literal;
}

/// A key holder with everything at hand, all randomness from one test seed.
struct Bench {
  explicit Bench(const ckks_params::Parameters& parameters, std::uint64_t seed = 1)
      : context(parameters),
        encoder(context),
        prng(sampling::Seed::insecure_for_tests(seed), 0),
        secret(SecretKey::generate(context, prng)),
        encryptor(context, secret),
        decryptor(context, secret),
        keys(context, secret, sampling::Prng(sampling::Seed::insecure_for_tests(seed), 1)),
        evaluator(context) {}

  Values random_values(std::uint64_t seed, double magnitude = 1) const {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(-magnitude, magnitude);
    Values values(context.slots());
    for (Complex& value : values) value = {uniform(random), complex() ? uniform(random) : 0};
    return values;
  }
  bool complex() const { return context.parameters().ring() == RingKind::kStandard; }

  ckks::Plaintext encode(const Values& values, Level level, Scale scale) const {
    if (complex()) return encoder.encode(values, level, scale);
    std::vector<double> real(values.size());
    std::transform(values.begin(), values.end(), real.begin(), [](Complex z) { return z.real(); });
    return encoder.encode(real, level, scale);
  }
  Ciphertext encrypt(const Values& values, Level level, Scale scale) {
    return encryptor.encrypt(encode(values, level, scale), prng);
  }
  Values decrypt(const Ciphertext& ciphertext) const {
    return encoder.decode(decryptor.decrypt(ciphertext));
  }
  ckks::RelinearisationKey relinearisation_key(Level level) {
    return ckks::RelinearisationKey(ckks::SwitchingKey(context, keys.relinearisation_key(level)));
  }
  ckks::GaloisKeys rotation_keys(std::initializer_list<long> steps, Level level) {
    ckks::GaloisKeys result;
    for (const long step : steps) {
      result.add(
          ckks::GaloisKey(context, ckks::SwitchingKey(context, keys.rotation_key(step, level))));
    }
    return result;
  }

  ckks::Context context;
  ckks::Encoder encoder;
  sampling::Prng prng;
  SecretKey secret;
  SymmetricEncryptor encryptor;
  Decryptor decryptor;
  KeyGenerator keys;
  ckks::Evaluator evaluator;
};

/// −log2 of the largest difference.
inline double precision_bits(const Values& seen, const Values& expected) {
  double worst = 0x1p-60;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(seen[i] - expected[i]);
    if (!(error <= worst)) worst = error;  // NaN counts as worst
  }
  return -std::log2(worst);
}

template <typename Function>
Values map2(const Values& a, const Values& b, Function function) {
  Values result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = function(a[i], b[i]);
  return result;
}

inline Values rotated(const Values& a, long steps) {
  const long n = static_cast<long>(a.size());
  Values result(a.size());
  for (long i = 0; i < n; ++i) {
    result[static_cast<std::size_t>(i)] = a[static_cast<std::size_t>(((i + steps) % n + n) % n)];
  }
  return result;
}

}  // namespace serdab::ckks_secret::testing_only
