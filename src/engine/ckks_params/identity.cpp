#include "engine/ckks_params/identity.h"

#include <string_view>

#include "engine/base/hex.h"
#include "engine/base/sha256.h"

namespace serdab::ckks_params {
namespace {

void append(std::vector<std::uint8_t>& bytes, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void append(std::vector<std::uint8_t>& bytes, const std::vector<std::uint64_t>& values) {
  append(bytes, values.size());
  for (const std::uint64_t value : values) append(bytes, value);
}

}  // namespace

std::vector<std::uint8_t> canonical_encoding(const ParametersLiteral& literal, bool insecure) {
  constexpr std::string_view kTag = "serdab parameters 1";
  std::vector<std::uint8_t> bytes(kTag.begin(), kTag.end());
  bytes.push_back(static_cast<std::uint8_t>(literal.ring));
  bytes.push_back(static_cast<std::uint8_t>(literal.log_n));
  bytes.push_back(static_cast<std::uint8_t>(literal.security));
  bytes.push_back(insecure ? 1 : 0);
  append(bytes, std::uint64_t{literal.digit_primes});
  append(bytes, literal.q);
  append(bytes, literal.p);
  return bytes;
}

ParameterId identity(const ParametersLiteral& literal, bool insecure) {
  return base::sha256(canonical_encoding(literal, insecure));
}

std::string to_string(const ParameterId& id) { return base::to_hex(std::span(id).first(8)); }

}  // namespace serdab::ckks_params
