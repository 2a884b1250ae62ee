#include "service/wire/polynomial.h"

#include "engine/base/error.h"
#include "service/wire/bit_packing.h"

namespace serdab::wire {

std::size_t polynomial_bytes(const ring::RnsBasis& basis) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < basis.size(); ++i) {
    bytes += packed_bytes(basis.n(), basis.modulus(i).bits());
  }
  return bytes;
}

void write_polynomial(const ring::RnsBasis& basis, const ckks::Poly& poly,
                      std::span<std::uint8_t> out) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < basis.size(); ++i) {
    const unsigned bits = basis.modulus(i).bits();
    const std::size_t size = packed_bytes(basis.n(), bits);
    pack_bits({poly.limb(i), basis.n()}, bits, out.subspan(at, size));
    at += size;
  }
}

ckks::Poly read_polynomial(const ring::RnsBasis& basis, std::span<const std::uint8_t> bytes,
                           const std::string& what) {
  ckks::Poly poly(basis.n(), basis.size());
  std::size_t at = 0;
  for (std::size_t i = 0; i < basis.size(); ++i) {
    const std::uint64_t q = basis.modulus(i).value();
    const unsigned bits = basis.modulus(i).bits();
    const std::size_t size = packed_bytes(basis.n(), bits);
    unpack_bits(bytes.subspan(at, size), bits, {poly.limb(i), basis.n()});
    at += size;
    // Differences of numbers below 2^63: the top bit is the comparison.
    std::uint64_t excess = 0;
    for (std::size_t k = 0; k < basis.n(); ++k) excess |= q - 1 - poly.limb(i)[k];
    if (excess >> 63 != 0) {
      base::fail(base::ErrorCode::kCorrupt, what + ": a residue is not below its prime " +
                                                std::to_string(q) + "; the file was altered");
    }
  }
  return poly;
}

}  // namespace serdab::wire
