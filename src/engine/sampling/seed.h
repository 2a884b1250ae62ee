#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace serdab::sampling {

/// 32 bytes from which a stream of randomness is expanded. May be public (seeded ciphertexts and
/// keys) or secret (what encrypts), so it is zeroed when it dies. A value; not thread-safe to
/// write.
struct Seed {
  static constexpr std::size_t kBytes = 32;
  std::array<std::uint8_t, kBytes> bytes{};

  Seed() = default;
  explicit Seed(const std::array<std::uint8_t, kBytes>& value) : bytes(value) {}
  Seed(const Seed&) = default;
  Seed& operator=(const Seed&) = default;
  ~Seed();

  /// Fresh from the operating system's generator. Throws base::Error(kIo) when it fails.
  static Seed from_system();
  /// For tests only: the bytes of `number`, then zeros. Not random.
  static Seed insecure_for_tests(std::uint64_t number);

  bool operator==(const Seed&) const = default;
};

}  // namespace serdab::sampling
