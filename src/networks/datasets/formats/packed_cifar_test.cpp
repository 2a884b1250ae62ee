#include "networks/datasets/formats/packed_cifar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>

#include <cstdlib>

#include "engine/base/error.h"
#include "networks/datasets/formats/cifar.h"
#include "networks/datasets/formats/xz.h"
#include "networks/datasets/named/manifest.h"
#include "networks/datasets/named/search.h"
#include "networks/datasets/named/sha256.h"
#include "networks/datasets/testing/temporary_folder.h"

namespace serdab::datasets {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::size_t kPixels = 3072, kRecord = 3073;

template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Bytes xz(const Bytes& bytes) {
  Bytes packed(lzma_stream_buffer_bound(bytes.size()));
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, bytes.data(), bytes.size(),
                                    packed.data(), &size, packed.size()),
            LZMA_OK);
  packed.resize(size);
  return packed;
}

/// Image i of the fixture below: straight lines and steps, with label i + 3.
Bytes drawn_image(unsigned i) {
  Bytes record{static_cast<std::uint8_t>(i + 3)};
  for (unsigned c = 0; c < 3; ++c) {
    for (unsigned y = 0; y < 32; ++y) {
      for (unsigned x = 0; x < 32; ++x) {
        const unsigned step = (x + y) % 16 > 12 ? 200 : 0;
        record.push_back(
            static_cast<std::uint8_t>(i * 40 + c * 90 + (x * (c + 1) + 7 * y) / 4 + step));
      }
    }
  }
  return record;
}

/// Two of them as the encoder that the format comes with (cifar10_codec.py, Python's lzma) packs
/// them.
Bytes fixture() {
  const std::string hex =
      "fd377a585a000004e6d6b446020021011c00000010cf58cce0180100965d0001813dc0378dc0bb25c24d52c21795"
      "e6d2c33d44a710f3ca9abfa918e0fabcd4664b4abc005e28acb9866fae96c4d959d1bd4bc9e01fe65cb654fef1f3"
      "27d380adc23de92d9d8713edcaed6be475e6302f4fad1b815d647162158d34fb7a6c2b9bf87c9267a1aed41e4dac"
      "0b0f31677df86369f79d96435666f1c065343f82a9784ca86c3b7729af19cf17a41d704ffd0c0492f02b50000000"
      "5f1af9a66b745ee70001b2018230000033d40ccab1c467fb020000000004595a";
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(PackedCifar, GivesTheBytesThatWerePacked) {
  Bytes expected = drawn_image(0);
  EXPECT_EQ(unpack_cifar(fixture(), "f", 1), expected);
  const Bytes second = drawn_image(1);
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(unpack_cifar(fixture(), "f"), expected);
  EXPECT_EQ(unpack_cifar(fixture(), "f", 9), expected);
}

TEST(PackedCifar, IsReadLikeBin) {
  const TemporaryFolder folder;
  const Bytes bin = unpack_cifar(fixture(), "f");
  const Images packed = read_cifar(folder.write("x.med.xz", text(fixture()))),
               plain = read_cifar(folder.write("x.bin", text(bin)));
  EXPECT_EQ(packed.pixels, plain.pixels);
  EXPECT_EQ(packed.labels, plain.labels);
  EXPECT_EQ(packed.labels, (std::vector<int>{3, 4}));
  EXPECT_EQ(read_cifar(folder.path() / "x.bin", 1).labels, std::vector<int>{3});
  EXPECT_EQ(read_cifar(folder.path() / "x.med.xz", 1).pixels,
            read_cifar(folder.path() / "x.bin", 1).pixels);
}

TEST(PackedCifar, ResidualsWrapAround) {
  // All residuals 1: in row 0 the values count up, and every row begins one higher.
  Bytes container{7};
  container.resize(1 + kPixels, 1);
  const Bytes bin = unpack_cifar(xz(container), "f");
  ASSERT_EQ(bin.size(), kRecord);
  EXPECT_EQ(bin[0], 7);
  EXPECT_EQ(bin[1 + 1024 + 5], 6);     // green: 1, 2, 3, …
  EXPECT_EQ(bin[1 + 1024 + 32], 2);    // its next row
  EXPECT_EQ(bin[1 + 5], 12);           // red: the same, and green is added
  EXPECT_EQ(bin[1 + 2048 + 32], 4);    // blue
  container.assign(1 + kPixels, 255);  // −1 everywhere
  container[0] = 0;
  EXPECT_EQ(unpack_cifar(xz(container), "f")[1 + 1024 + 5], 250);
}

TEST(PackedCifar, DamageIsNamed) {
  const TemporaryFolder folder;
  const auto read = [&](const Bytes& bytes) {
    return error_of([&] { read_cifar(folder.write("x.med.xz", text(bytes))); });
  };
  const Bytes whole = fixture();
  for (std::size_t cut : {std::size_t{7}, std::size_t{20}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)}),
                AllOf(HasSubstr("x.med.xz"), HasSubstr("cut short")));
  }
  for (std::size_t at = 6; at < whole.size(); ++at) {
    Bytes flipped = whole;
    flipped[at] ^= 4;
    EXPECT_THAT(read(flipped), AllOf(HasSubstr("x.med.xz"), HasSubstr("damaged"))) << at;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_THAT(read(longer), HasSubstr("damaged"));
  EXPECT_THAT(read(xz(Bytes(kRecord + 1))), HasSubstr("3074 bytes"));
  EXPECT_THAT(read(xz({})), HasSubstr("0 bytes"));
  Bytes eleven(2 * kRecord);
  eleven[1] = 10;
  EXPECT_THAT(read(xz(eleven)), AllOf(HasSubstr("image 1"), HasSubstr("label 10")));
}

TEST(Xz, IsBounded) {
  const Bytes packed = xz(Bytes(100'000, 'a'));
  EXPECT_EQ(unxz_size(packed, "x.xz"), 100'000u);
  EXPECT_EQ(unxz(packed, 100'000, "x.xz"), Bytes(100'000, 'a'));
  EXPECT_EQ(unxz(packed, 100'000, "x.xz", 5), Bytes(5, 'a'));
  EXPECT_THAT(error_of([&] { unxz(packed, 99'999, "x.xz"); }),
              AllOf(HasSubstr("x.xz"), HasSubstr("99999")));
  EXPECT_THAT(error_of([&] { unxz({1, 2, 3}, 10, "x.xz"); }), HasSubstr("magic"));
}

TEST(Xz, ADecoderThatWantsMuchMemoryIsRefused) {
  lzma_options_lzma options;
  lzma_lzma_preset(&options, 1);
  options.dict_size = std::uint32_t{1} << 30;
  lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  const Bytes content(100, 'a');
  Bytes packed(10'000);
  std::size_t size = 0;
  options.mode = LZMA_MODE_FAST;
  ASSERT_EQ(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, nullptr, content.data(),
                                      content.size(), packed.data(), &size, packed.size()),
            LZMA_OK);
  packed.resize(size);
  EXPECT_THAT(error_of([&] { unxz(packed, 1000, "x.xz"); }), HasSubstr("128 MiB"));
}

TEST(PackedCifar, TheRealFilesAreTheCanonicalOnes) {
  if (std::getenv("SERDAB_DATA") == nullptr) GTEST_SKIP() << "SERDAB_DATA is not set";
  std::size_t compared = 0;
  for (const ManifestFile& file : manifest_set("cifar10").files) {
    const auto found = look_for("cifar10", file.name, search_folders());
    if (!found || found->extension() != ".xz") continue;
    EXPECT_EQ(sha256(unpack_cifar(read_bytes(*found), found->string())), file.sha256) << *found;
    ++compared;
  }
  if (compared == 0) GTEST_SKIP() << "no packed CIFAR-10 in SERDAB_DATA";
}

}  // namespace
}  // namespace serdab::datasets
