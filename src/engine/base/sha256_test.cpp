#include "engine/base/sha256.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "engine/base/hex.h"
#include "engine/base/internal/sha256_words.h"

namespace serdab::base {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// NIST's examples for FIPS 180-4.
TEST(Sha256, KnownAnswers) {
  const auto hex = [](std::string_view text) { return to_hex(sha256(bytes_of(text))); };
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, WordsAgreeWithOpenSslForEveryLengthAndCut) {
  std::vector<std::uint8_t> bytes(300);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 167 + 3);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto whole = std::span(bytes).first(size);
    internal::Sha256Words words;
    words.update(whole.first(size / 3));
    words.update(whole.subspan(size / 3));
    ASSERT_EQ(words.finish(), sha256(whole)) << size;
  }
}

}  // namespace
}  // namespace serdab::base
