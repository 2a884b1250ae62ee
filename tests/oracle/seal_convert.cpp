#include "seal_convert.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/kernels/kernels.h"
#include "seal_random.h"

namespace serdab::oracle {
namespace {

using base::ErrorCode;
using ckks::Poly;

std::vector<std::uint64_t> primes_of(const ring::RnsBasis& basis) {
  std::vector<std::uint64_t> primes;
  for (std::size_t i = 0; i < basis.size(); ++i) primes.push_back(basis.modulus(i).value());
  return primes;
}

ring::RnsBasis key_basis(const Context& context) { return context.basis_qp(context.max_level()); }

Poly poly_from(const ring::RnsBasis& basis, std::span<const std::uint64_t> words) {
  base::require(words.size() == basis.n() * basis.size(), ErrorCode::kCorrupt,
                "SEAL object: wrong number of residues");
  Poly poly(basis.n(), basis.size());
  for (std::size_t i = 0; i < basis.size(); ++i) {
    const auto limb = words.subspan(i * basis.n(), basis.n());
    const std::uint64_t q = basis.modulus(i).value();
    base::require(std::all_of(limb.begin(), limb.end(), [q](std::uint64_t w) { return w < q; }),
                  ErrorCode::kCorrupt, "SEAL object: a residue is not below its prime");
    std::copy(limb.begin(), limb.end(), poly.limb(i));
  }
  return poly;
}

void append(const Poly& poly, std::vector<std::uint64_t>& words) {
  for (std::size_t i = 0; i < poly.limbs(); ++i) {
    words.insert(words.end(), poly.limb(i), poly.limb(i) + poly.n());
  }
}

/// All polynomials, the seeded one expanded.
std::vector<Poly> parts_from(const ring::RnsBasis& basis, const SealCiphertext& ct) {
  base::require(ct.is_ntt && ct.n == basis.n() && ct.primes == basis.size() && ct.size >= 2,
                ErrorCode::kMismatch, "SEAL ciphertext: wrong form or dimensions");
  const std::size_t stride = basis.n() * basis.size();
  const std::span<const std::uint64_t> words(ct.words);
  std::vector<Poly> parts;
  for (std::size_t i = 0; i < words.size() / stride; ++i) {
    parts.push_back(poly_from(basis, words.subspan(i * stride, stride)));
  }
  if (ct.seed) parts.push_back(poly_from(basis, expand_seed(*ct.seed, ct.n, primes_of(basis))));
  return parts;
}

SealCiphertext pair_to_seal(const Context& context, const Poly& first, const Poly& second) {
  SealCiphertext ct;
  ct.parms_id = key_id_of(context);
  ct.size = 2;
  ct.n = context.n();
  ct.primes = first.limbs();
  append(first, ct.words);
  append(second, ct.words);
  return ct;
}

}  // namespace

ckks_params::ParametersLiteral literal_of(const SealParameters& parameters) {
  base::require(parameters.primes.size() >= 2 && std::has_single_bit(parameters.n),
                ErrorCode::kCorrupt, "SEAL parameters: impossible dimensions");
  ckks_params::ParametersLiteral literal;
  literal.log_n = static_cast<unsigned>(std::countr_zero(parameters.n));
  literal.q.assign(parameters.primes.begin(), parameters.primes.end() - 1);
  literal.p = {parameters.primes.back()};
  literal.digit_primes = 1;
  return literal;
}

ParmsId id_of(const Context& context, base::Level level) {
  return parms_id(context.n(), primes_of(context.basis(level)));
}

ParmsId key_id_of(const Context& context) {
  return parms_id(context.n(), primes_of(key_basis(context)));
}

base::Level level_of(const Context& context, const ParmsId& id) {
  for (unsigned level = 0; level <= context.max_level().value; ++level) {
    if (id_of(context, {level}) == id) return {level};
  }
  base::fail(ErrorCode::kMismatch, "SEAL object: made for other parameters");
}

ckks::Ciphertext from_seal(const Context& context, const SealCiphertext& ciphertext,
                           const KeyId& key) {
  const base::Level level = level_of(context, ciphertext.parms_id);
  return ckks::Ciphertext({level, {ciphertext.scale}, context.parameters().id(), key},
                          parts_from(context.basis(level), ciphertext));
}

ckks::Plaintext from_seal(const Context& context, const SealPlain& plain) {
  const base::Level level = level_of(context, plain.parms_id);
  return {poly_from(context.basis(level), plain.words),
          level,
          {plain.scale},
          context.parameters().id()};
}

ckks_secret::SecretKey secret_from_seal(const Context& context, const SealPlain& secret,
                                        const KeyId& key) {
  base::require(secret.parms_id == key_id_of(context), ErrorCode::kMismatch,
                "SEAL secret key: made for other parameters");
  const Poly values = poly_from(key_basis(context), secret.words);
  base::SecretBuffer<std::uint64_t> words(context.n());
  std::copy_n(values.limb(0), words.size(), words.data());
  kernels::kernels().ntt_inverse_one(context.ring().ntt(0), words.data());
  const std::uint64_t q = context.ring().modulus(0).value();
  base::SecretBuffer<std::int8_t> coefficients(context.n());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t w = words[i];
    coefficients[i] = w == q - 1 ? std::int8_t{-1} : static_cast<std::int8_t>(w < 2 ? w : 2);
  }
  return ckks_secret::SecretKey::from_coefficients(context, coefficients.span(), key);
}

ckks::PublicKey public_from_seal(const Context& context, const SealCiphertext& pair,
                                 const KeyId& key) {
  auto parts = parts_from(key_basis(context), pair);
  return {context.parameters().id(), key, std::move(parts[0]), std::move(parts[1])};
}

ckks::SwitchingKey key_from_seal(const Context& context, const std::vector<SealCiphertext>& digits,
                                 base::GaloisElement element, const KeyId& key) {
  std::vector<Poly> b, a;
  for (const SealCiphertext& digit : digits) {
    auto parts = parts_from(key_basis(context), digit);
    b.push_back(std::move(parts[0]));
    a.push_back(std::move(parts[1]));
  }
  return ckks::SwitchingKey(context, {context.parameters().id(), key, context.max_level(), element},
                            std::move(b), std::move(a));
}

SealCiphertext to_seal(const Context& context, const ckks::Ciphertext& ciphertext) {
  SealCiphertext ct;
  ct.parms_id = id_of(context, ciphertext.level());
  ct.size = ciphertext.size();
  ct.n = context.n();
  ct.primes = ciphertext.level().primes();
  ct.scale = ciphertext.scale().value;
  for (std::size_t i = 0; i < ciphertext.size(); ++i) append(ciphertext.part(i), ct.words);
  return ct;
}

SealPlain secret_to_seal(const Context& context, const ckks_secret::SecretKey& secret) {
  SealPlain plain;
  plain.parms_id = key_id_of(context);
  append(secret.values(), plain.words);
  return plain;
}

SealCiphertext public_to_seal(const Context& context, const ckks::PublicKey& key) {
  return pair_to_seal(context, key.b, key.a);
}

SealSwitchingKeys keys_to_seal(const Context& context,
                               const std::vector<const ckks::SwitchingKey*>& keys) {
  SealSwitchingKeys result;
  result.parms_id = key_id_of(context);
  const bool galois = !keys.empty() && keys.front()->info().element.value != 0;
  result.entries.resize(galois ? context.n() : 1);
  for (const ckks::SwitchingKey* key : keys) {
    const std::uint64_t element = key->info().element.value;
    auto& entry = result.entries[galois ? (element - 1) / 2 : 0];
    for (std::size_t digit = 0; digit < key->digits(); ++digit) {
      entry.push_back(pair_to_seal(context, key->b(digit).unpacked(), key->a(digit).unpacked()));
    }
  }
  return result;
}

}  // namespace serdab::oracle
