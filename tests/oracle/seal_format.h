#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// SEAL 4.1's serialised objects, uncompressed (docs: design/math.md, section 6). Readers trust
/// nothing: sizes are checked before they are used, residues are checked by seal_convert. All throw
/// base::Error(kCorrupt) or, for compressed objects, kUnsupported.
namespace serdab::oracle {

using Bytes = std::vector<std::uint8_t>;
using ParmsId = std::array<std::uint64_t, 4>;

struct SealParameters {
  std::uint64_t n = 0;
  std::vector<std::uint64_t> primes;  ///< the last one is the special prime
};

/// A plaintext or a secret key: residues prime by prime.
struct SealPlain {
  ParmsId parms_id{};
  double scale = 1;
  std::vector<std::uint64_t> words;
};

struct SealSeed {
  std::uint8_t generator = 2;  ///< 1 BLAKE2xb, 2 SHAKE256
  std::array<std::uint64_t, 8> words{};
};

/// A ciphertext, or a public key, or one digit of a switching key.
struct SealCiphertext {
  ParmsId parms_id{};
  bool is_ntt = true;
  std::uint64_t size = 0;  ///< polynomials
  std::uint64_t n = 0;
  std::uint64_t primes = 0;
  double scale = 1;
  std::vector<std::uint64_t> words;  ///< [polynomial][prime][n]; polynomial 0 alone when seeded
  std::optional<SealSeed> seed;      ///< of polynomial 1
};

struct SealSwitchingKeys {
  ParmsId parms_id{};
  std::vector<std::vector<SealCiphertext>> entries;  ///< [key][digit]; empty where there is no key
};

SealParameters read_parameters(std::span<const std::uint8_t> bytes);
SealPlain read_plain(std::span<const std::uint8_t> bytes);
SealCiphertext read_ciphertext(std::span<const std::uint8_t> bytes);
SealSwitchingKeys read_switching_keys(std::span<const std::uint8_t> bytes);

Bytes write_plain(const SealPlain& plain);
Bytes write_ciphertext(const SealCiphertext& ciphertext);
Bytes write_switching_keys(const SealSwitchingKeys& keys);

}  // namespace serdab::oracle
