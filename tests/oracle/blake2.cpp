#include "blake2.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace serdab::oracle {
namespace {

using Words = std::array<std::uint64_t, 8>;

constexpr Words kInitial = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                            0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                            0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr std::uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};
constexpr std::size_t kBlock = 128;

void mix(std::uint64_t* v, int a, int b, int c, int d, std::uint64_t x, std::uint64_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 63);
}

void compress(Words& state, const std::uint8_t* block, std::uint64_t counter, bool last) {
  std::uint64_t m[16], v[16];
  std::memcpy(m, block, kBlock);
  std::copy(state.begin(), state.end(), v);
  std::copy(kInitial.begin(), kInitial.end(), v + 8);
  v[12] ^= counter;
  if (last) v[14] = ~v[14];
  for (int round = 0; round < 12; ++round) {
    const std::uint8_t* s = kSigma[round % 10];
    for (int i = 0; i < 4; ++i) mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
    for (int i = 0; i < 4; ++i) {
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
          m[s[9 + 2 * i]]);
    }
  }
  for (std::size_t i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[8 + i];
}

/// The hash with an explicit parameter block (its 64 bytes as words).
std::vector<std::uint8_t> hash(const Words& parameters, std::span<const std::uint8_t> key,
                               std::span<const std::uint8_t> message) {
  Words state = kInitial;
  for (std::size_t i = 0; i < 8; ++i) state[i] ^= parameters[i];
  std::vector<std::uint8_t> input;
  if (!key.empty()) {
    input.assign(key.begin(), key.end());
    input.resize(kBlock);
  }
  input.insert(input.end(), message.begin(), message.end());
  const std::size_t total = input.size();
  const std::size_t blocks = std::max<std::size_t>((total + kBlock - 1) / kBlock, 1);
  input.resize(blocks * kBlock);
  for (std::size_t i = 0; i < blocks; ++i) {
    const bool last = i + 1 == blocks;
    compress(state, input.data() + i * kBlock, last ? total : (i + 1) * kBlock, last);
  }
  std::vector<std::uint8_t> digest(parameters[0] & 0xff);
  std::memcpy(digest.data(), state.data(), digest.size());
  return digest;
}

}  // namespace

std::vector<std::uint8_t> blake2b(std::size_t digest_bytes, std::span<const std::uint8_t> key,
                                  std::span<const std::uint8_t> message) {
  // Digest length, key length, fan-out 1, depth 1.
  return hash({digest_bytes | key.size() << 8 | 1u << 16 | 1u << 24}, key, message);
}

std::vector<std::uint8_t> blake2xb(std::uint32_t bytes, std::span<const std::uint8_t> key,
                                   std::span<const std::uint8_t> message) {
  const std::uint64_t xof_length = std::uint64_t{bytes} << 32;  // the high half of word 1
  const auto root = hash({64 | key.size() << 8 | 1u << 16 | 1u << 24, xof_length}, key, message);
  std::vector<std::uint8_t> out;
  for (std::uint64_t node = 0; out.size() < bytes; ++node) {
    const std::uint64_t length = std::min<std::uint64_t>(64, bytes - out.size());
    // Fan-out and depth 0, leaf length 64, node offset; inner length 64 in word 2.
    const auto part =
        hash({length | std::uint64_t{64} << 32, node | xof_length, 64u << 8}, {}, root);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace serdab::oracle
