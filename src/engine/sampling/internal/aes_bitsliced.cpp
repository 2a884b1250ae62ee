#include "engine/sampling/internal/aes_bitsliced.h"

#include <cstring>
#include <utility>

#include "engine/base/secure_zero.h"

namespace serdab::sampling::internal {
namespace {

using Plane = AesBitsliced::Plane;
using Planes = AesBitsliced::Planes;

// Masks keep what a shift carries from one byte into the next out.
template <unsigned kShift, std::uint64_t kMask>
void swap_bits(Plane& low, Plane& high) {
  using Words = std::uint64_t __attribute__((vector_size(16)));
  const Words a = reinterpret_cast<Words>(low), b = reinterpret_cast<Words>(high);
  const Words moved = ((a >> kShift) ^ b) & kMask;
  high = reinterpret_cast<Plane>(b ^ moved);
  low = reinterpret_cast<Plane>(a ^ (moved << kShift));
}

// Transposes the 8x8 bits at every byte: blocks to planes, and planes to blocks.
void transpose(Planes& x) {
  for (std::size_t i = 0; i < 8; i += 2) swap_bits<1, 0x5555555555555555>(x[i], x[i + 1]);
  for (const std::size_t i : {0, 1, 4, 5}) swap_bits<2, 0x3333333333333333>(x[i], x[i + 2]);
  for (std::size_t i = 0; i < 4; ++i) swap_bits<4, 0x0f0f0f0f0f0f0f0f>(x[i], x[i + 4]);
}

// SubBytes: the circuit of Boyar and Peralta, "A new combinational logic minimization technique
// with applications to cryptology" (ePrint 2009/191), in its names; their bit 0 is the highest.
void sub_bytes(Planes& p) {
  const Plane x0 = p[7], x1 = p[6], x2 = p[5], x3 = p[4], x4 = p[3], x5 = p[2], x6 = p[1],
              x7 = p[0];
  // Top linear layer.
  const Plane y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5, t0 = x1 ^ x2;
  const Plane y1 = t0 ^ x7, y4 = y1 ^ x3, y12 = y13 ^ y14, y2 = y1 ^ x0, y5 = y1 ^ x6;
  const Plane y3 = y5 ^ y8, t1 = x4 ^ y12, y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7;
  const Plane y10 = y15 ^ t0, y11 = y20 ^ y9, y7 = x7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8;
  const Plane y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;
  // The inverse in GF(2^8).
  const Plane t2 = y12 & y15, t3 = y3 & y6, t4 = t3 ^ t2, t5 = y4 & x7, t6 = t5 ^ t2;
  const Plane t7 = y13 & y16, t8 = y5 & y1, t9 = t8 ^ t7, t10 = y2 & y7, t11 = t10 ^ t7;
  const Plane t12 = y9 & y11, t13 = y14 & y17, t14 = t13 ^ t12, t15 = y8 & y10, t16 = t15 ^ t12;
  const Plane t17 = t4 ^ t14, t18 = t6 ^ t16, t19 = t9 ^ t14, t20 = t11 ^ t16;
  const Plane t21 = t17 ^ y20, t22 = t18 ^ y19, t23 = t19 ^ y21, t24 = t20 ^ y18;
  const Plane t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26, t28 = t25 & t27;
  const Plane t29 = t28 ^ t22, t30 = t23 ^ t24, t31 = t22 ^ t26, t32 = t31 & t30;
  const Plane t33 = t32 ^ t24, t34 = t23 ^ t33, t35 = t27 ^ t33, t36 = t24 & t35;
  const Plane t37 = t36 ^ t34, t38 = t27 ^ t36, t39 = t29 & t38, t40 = t25 ^ t39;
  const Plane t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37;
  const Plane t45 = t42 ^ t41;
  const Plane z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7, z3 = t43 & y16, z4 = t40 & y1;
  const Plane z5 = t29 & y7, z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12;
  const Plane z10 = t37 & y3, z11 = t33 & y4, z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2;
  const Plane z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;
  // Bottom linear layer.
  const Plane t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13, t49 = z9 ^ z10, t50 = z2 ^ z12;
  const Plane t51 = z2 ^ z5, t52 = z7 ^ z8, t53 = z0 ^ z3, t54 = z6 ^ z7, t55 = z16 ^ z17;
  const Plane t56 = z12 ^ t48, t57 = t50 ^ t53, t58 = z4 ^ t46, t59 = z3 ^ t54, t60 = t46 ^ t57;
  const Plane t61 = z14 ^ t57, t62 = t52 ^ t58, t63 = t49 ^ t58, t64 = z4 ^ t59, t65 = t61 ^ t62;
  const Plane t66 = z1 ^ t63, s0 = t59 ^ t63, s6 = t56 ^ ~t62, s7 = t48 ^ ~t60, t67 = t64 ^ t65;
  const Plane s3 = t53 ^ t66, s4 = t51 ^ t66, s5 = t47 ^ t65, s1 = t64 ^ ~s3, s2 = t55 ^ ~t67;
  p = {s7, s6, s5, s4, s3, s2, s1, s0};
}

// A block's byte 4c + r is row r of column c. ShiftRows moves row r by r columns to the left.
void shift_rows(Planes& p) {
  for (Plane& x : p) {
    x = __builtin_shufflevector(x, x, 0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
  }
}

Plane next_row(Plane x) {
  return __builtin_shufflevector(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}
Plane row_after_next(Plane x) {
  return __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

// 2a_r + 3a_{r+1} + a_{r+2} + a_{r+3} = 2(a_r + a_{r+1}) + a_{r+1} + (a_{r+2} + a_{r+3});
// doubling moves every plane up by one, the highest also into those of 0x1b.
void mix_columns(Planes& p) {
  Planes pair, rest;
  for (std::size_t b = 0; b < 8; ++b) {
    const Plane next = next_row(p[b]);
    pair[b] = p[b] ^ next;
    rest[b] = next ^ row_after_next(pair[b]);
  }
  p[0] = rest[0] ^ pair[7];
  for (std::size_t b = 1; b < 8; ++b) p[b] = rest[b] ^ pair[b - 1];
  p[1] ^= pair[7];
  p[3] ^= pair[7];
  p[4] ^= pair[7];
}

void add(Planes& p, const Planes& key) {
  for (std::size_t b = 0; b < 8; ++b) p[b] ^= key[b];
}

// The same 16 bytes in all eight blocks.
Planes broadcast(const std::uint8_t* bytes) {
  Planes planes;
  Plane block;
  std::memcpy(&block, bytes, sizeof block);
  for (std::uint8_t b = 0; b < 8; ++b) planes[b] = Plane{} - ((block >> b) & 1);
  return planes;
}

// SubWord of the key schedule.
void sub_word(std::uint8_t* word) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), word, 4);
  Planes planes = broadcast(bytes.data());
  sub_bytes(planes);
  Plane block{};
  for (std::uint8_t b = 0; b < 8; ++b) block |= (planes[b] & 1) << b;
  std::memcpy(word, &block, 4);
  base::secure_zero(&planes, sizeof planes);
  base::secure_zero(&block, sizeof block);
  base::secure_zero(bytes.data(), bytes.size());
}

}  // namespace

// FIPS 197, section 5.2, with Nk = 8.
AesBitsliced::AesBitsliced(std::span<const std::uint8_t, 32> key) {
  constexpr std::size_t kKeyWords = 8, kWords = 4 * (kRounds + 1);
  std::array<std::uint8_t, 4 * kWords> words;
  std::memcpy(words.data(), key.data(), key.size());
  std::array<std::uint8_t, 4> word;
  std::uint8_t constant = 1;  // doubles; seven of them stay below 2^8
  for (std::size_t i = kKeyWords; i < kWords; ++i) {
    std::memcpy(word.data(), &words[4 * (i - 1)], 4);
    if (i % kKeyWords == 0) {
      word = {word[1], word[2], word[3], word[0]};
      sub_word(word.data());
      word[0] ^= std::exchange(constant, static_cast<std::uint8_t>(constant << 1));
    } else if (i % kKeyWords == 4) {
      sub_word(word.data());
    }
    for (std::size_t k = 0; k < 4; ++k) {
      words[4 * i + k] = static_cast<std::uint8_t>(words[4 * (i - kKeyWords) + k] ^ word[k]);
    }
  }
  for (std::size_t r = 0; r <= kRounds; ++r) round_keys_[r] = broadcast(&words[kBlock * r]);
  base::secure_zero(words.data(), words.size());
  base::secure_zero(word.data(), word.size());
}

AesBitsliced::~AesBitsliced() { base::secure_zero(&round_keys_, sizeof round_keys_); }

void AesBitsliced::encrypt(std::span<std::uint8_t, kBlock * kBlocks> blocks) const {
  Planes p;
  std::memcpy(&p, blocks.data(), sizeof p);
  transpose(p);
  add(p, round_keys_[0]);
  for (std::size_t r = 1; r < kRounds; ++r) {
    sub_bytes(p);
    shift_rows(p);
    mix_columns(p);
    add(p, round_keys_[r]);
  }
  sub_bytes(p);
  shift_rows(p);
  add(p, round_keys_[kRounds]);
  transpose(p);
  std::memcpy(blocks.data(), &p, sizeof p);
}

}  // namespace serdab::sampling::internal
