#include "networks/program/internal/literal.h"

namespace serdab::program {
namespace {

using base::ByteReader;
using base::ByteWriter;

void write_primes(ByteWriter& out, const std::vector<std::uint64_t>& primes) {
  out.u32(static_cast<std::uint32_t>(primes.size()));
  for (std::uint64_t p : primes) out.u64(p);
}

std::vector<std::uint64_t> read_primes(ByteReader& in) {
  std::vector<std::uint64_t> primes(in.count(ckks_params::Parameters::kMaxPrimes, 8, "primes"));
  for (std::uint64_t& p : primes) p = in.u64();
  return primes;
}

}  // namespace

void write_literal(base::ByteWriter& out, const ckks_params::ParametersLiteral& literal) {
  out.u8(static_cast<std::uint8_t>(literal.ring));
  out.u8(static_cast<std::uint8_t>(literal.log_n));
  out.u8(static_cast<std::uint8_t>(literal.security));
  out.u32(literal.digit_primes);
  write_primes(out, literal.q);
  write_primes(out, literal.p);
}

ckks_params::ParametersLiteral read_literal(base::ByteReader& in) {
  ckks_params::ParametersLiteral literal;
  const std::uint8_t ring = in.u8();
  if (ring > 1) in.corrupt("names ring " + std::to_string(ring) + ", which is unknown");
  literal.ring = static_cast<base::RingKind>(ring);
  literal.log_n = in.u8();
  const std::uint8_t security = in.u8();
  if (security > 2) in.corrupt("names security level " + std::to_string(security));
  literal.security = static_cast<ckks_params::SecurityLevel>(security);
  literal.digit_primes = in.u32();
  literal.q = read_primes(in);
  literal.p = read_primes(in);
  return literal;
}

}  // namespace serdab::program
