#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "engine/base/error.h"
#include "networks/datasets/formats/cifar.h"
#include "networks/datasets/formats/csv.h"
#include "networks/datasets/formats/idx.h"
#include "networks/datasets/formats/npy.h"
#include "networks/datasets/formats/png.h"
#include "networks/datasets/formats/tar.h"
#include "networks/datasets/formats/zip.h"
#include "networks/datasets/testing/temporary_folder.h"

namespace serdab::datasets {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string result(text.size() + 1000, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(result.data());
  z.avail_out = static_cast<uInt>(result.size());
  deflate(&z, Z_FINISH);
  result.resize(result.size() - z.avail_out);
  deflateEnd(&z);
  return result;
}

const std::string kIdx("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\x00\xff\x33\x66", 20);
const std::string kIdxLabels("\0\0\x08\x01\0\0\0\x02\x07\x03", 10);

TEST(Idx, ImagesAndLabels) {
  const TemporaryFolder folder;
  const Images images = read_idx(folder.write("i.gz", gzip(kIdx)), folder.write("l", kIdxLabels));
  EXPECT_EQ(images.shape, (Shape{1, 1, 2}));
  EXPECT_THAT(images.pixels, ElementsAre(0.0f, 1.0f, 0.2f, 0.4f));
  EXPECT_THAT(images.labels, ElementsAre(7, 3));
}

TEST(Idx, DamageIsNamed) {
  const TemporaryFolder folder;
  const auto images = [&](const std::string& content) {
    return error_of([&] { read_idx_images(folder.write("x.idx", content)); });
  };
  EXPECT_THAT(images(kIdx.substr(0, 19)), AllOf(HasSubstr("x.idx"), HasSubstr("3 values")));
  EXPECT_THAT(images(kIdx + "x"), HasSubstr("5 values"));
  EXPECT_THAT(images(kIdx.substr(0, 10)), HasSubstr("cut short"));
  EXPECT_THAT(images(""), HasSubstr("magic"));
  EXPECT_THAT(images("hello"), HasSubstr("magic"));
  std::string floats = kIdx, huge = kIdx;
  floats[2] = 0x0d;
  EXPECT_THAT(images(floats), HasSubstr("unsigned bytes"));
  huge[4] = huge[8] = huge[12] = '\x7f';
  EXPECT_THAT(images(huge), HasSubstr("dimension"));
  EXPECT_THAT(images(kIdxLabels), HasSubstr("no images"));
  EXPECT_THAT(error_of([&] {
                read_idx(folder.write("i", kIdx),
                         folder.write("l", std::string("\0\0\x08\x01\0\0\0\x01\x07", 9)));
              }),
              AllOf(HasSubstr("1 labels"), HasSubstr("2 images")));
}

TEST(Gzip, CutFlippedAndOversized) {
  const TemporaryFolder folder;
  const std::string packed = gzip(std::string(100'000, 'a') + "tail");
  for (std::size_t cut : {std::size_t{3}, packed.size() / 2, packed.size() - 1}) {
    EXPECT_THAT(error_of([&] { read_bytes(folder.write("c.gz", packed.substr(0, cut))); }),
                AllOf(HasSubstr("c.gz"), HasSubstr("cut short")));
  }
  std::string flipped = packed;
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);
  EXPECT_THAT(error_of([&] { read_bytes(folder.write("f.gz", flipped)); }), HasSubstr("damaged"));
  EXPECT_THAT(error_of([&] { read_bytes(folder.write("b.gz", packed), 1000); }),
              HasSubstr("larger than the 1000 bytes"));
  EXPECT_THAT(error_of([&] { read_bytes(folder.write("t.gz", packed + "more")); }),
              HasSubstr("follow"));
  EXPECT_THAT(error_of([&] { read_bytes(folder.path() / "none"); }), HasSubstr("cannot be read"));
  EXPECT_THAT(error_of([&] { read_bytes(folder.path()); }), HasSubstr("cannot be read"));
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                const std::string& order = "False") {
  std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string file("\x93NUMPY\x01\0", 8);
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  return file + header + data;
}

template <typename T>
std::string raw(std::vector<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(Npy, BytesFloatsAndShapes) {
  const TemporaryFolder folder;
  const Shape image{1, 1, 2};
  const Images one = read_npy(folder.write("a.npy", npy("|u1", "(2,)", "\x33\xff")), image);
  EXPECT_THAT(one.pixels, ElementsAre(0.2f, 1.0f));
  EXPECT_EQ(one.count(), 1u);
  const Images batch =
      read_npy(folder.write("b.npy", npy("<f8", "(2, 1, 2)", raw<double>({1, 2, 3, 4}))), image);
  EXPECT_EQ(batch.count(), 2u);
  EXPECT_EQ(conform(batch, image, "b").shape, image);
  const Images labelled = conform(
      read_npy(folder.write("c.npy", npy("<f4", "(2, 3)", raw<float>({1, 2, 9, 3, 4, 8}))), image),
      image, "c");
  EXPECT_THAT(labelled.pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(labelled.labels, ElementsAre(9, 8));
}

TEST(Npy, DamageIsNamed) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& content) {
    return error_of([&] { read_npy(folder.write("x.npy", content), {2}); });
  };
  EXPECT_THAT(message(npy("|u1", "(3,)", "ab")), AllOf(HasSubstr("x.npy"), HasSubstr("2 bytes")));
  EXPECT_THAT(message(npy("|u1", "(1,)", "ab")), HasSubstr("2 bytes"));
  EXPECT_THAT(message(npy("|u1", "(99999999999, 99999999)", "ab")), HasSubstr("shape"));
  EXPECT_THAT(message(npy("|u1", "(-1,)", "ab")), HasSubstr("shape"));
  EXPECT_THAT(message(npy(">f4", "(1,)", "abcd")), HasSubstr(">f4"));
  EXPECT_THAT(message(npy("|O", "(1,)", "abcd")), HasSubstr("|O"));
  EXPECT_THAT(message(npy("|u1", "(2,)", "ab", "True")), HasSubstr("Fortran"));
  EXPECT_THAT(message(npy("<f4", "(1,)", raw<float>({NAN}))), HasSubstr("finite"));
  EXPECT_THAT(message("\x93NUMPY"), HasSubstr("no npy"));
  EXPECT_THAT(message(npy("|u1", "(2,)", "ab").substr(0, 30)), HasSubstr("cut short"));
  EXPECT_THAT(message(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)), HasSubstr("cut short"));
  const std::string good = npy("<f4", "(2,)", raw<float>({1, 2}));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    message(flipped);  // an error or another array; never a crash
  }
}

TEST(Cifar, PlanesAndLabels) {
  const TemporaryFolder folder;
  std::string record(3073, '\0');
  record[0] = 9;
  record[1] = '\xff';
  const Images images = read_cifar(folder.write("x.bin", record + record));
  EXPECT_EQ(images.count(), 2u);
  EXPECT_EQ(images.pixels[0], 1.0f);
  EXPECT_THAT(images.labels, ElementsAre(9, 9));
  EXPECT_THAT(error_of([&] { read_cifar(folder.write("x.bin", record.substr(1))); }),
              HasSubstr("3072 bytes"));
  EXPECT_THAT(error_of([&] { read_cifar(folder.write("x.bin", "")); }), HasSubstr("0 bytes"));
  record[0] = 10;
  EXPECT_THAT(error_of([&] { read_cifar(folder.write("x.bin", record)); }), HasSubstr("label 10"));
}

TEST(Csv, NumbersHeadersAndErrors) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& text) { return read_csv(folder.write("x.csv", text)); };
  EXPECT_THAT(read("1,2.5\n-3e1, 4\r\n\n").pixels, ElementsAre(1, 2.5, -30, 4));
  EXPECT_THAT(read("a,b\n1,2\n").pixels, ElementsAre(1, 2));
  EXPECT_THAT(read("150,4,setosa\n1,2\n").pixels, ElementsAre(1, 2));
  EXPECT_THAT(read("2,1,7\n1,2\n3,4").pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(error_of([&] { read("1,2\n3,x\n"); }),
              AllOf(HasSubstr("x.csv"), HasSubstr("line 2, column 2"), HasSubstr("'x'")));
  EXPECT_THAT(error_of([&] { read("1,2\n3,4\n5\n"); }), HasSubstr("line 3 has 1 columns"));
  EXPECT_THAT(error_of([&] { read("1,2\n3,nan\n"); }), HasSubstr("line 2"));
  EXPECT_THAT(error_of([&] { read("1,2\n3,\n"); }), HasSubstr("column 2"));
  EXPECT_THAT(error_of([&] { read("a,b\n"); }), HasSubstr("no rows"));
  EXPECT_THAT(error_of([&] { read(""); }), HasSubstr("no rows"));
}

TEST(Png, RoundTripGreyAndColour) {
  const TemporaryFolder folder;
  const Picture grey{1, 3, 1, {0, 51, 255}}, colour{1, 1, 3, {255, 0, 51}};
  write_png(grey, folder.path() / "g.png");
  write_png(colour, folder.path() / "c.png");
  const Images g = read_png(folder.path() / "g.png", 1), c = read_png(folder.path() / "c.png", 3);
  EXPECT_EQ(g.shape, (Shape{1, 1, 3}));
  EXPECT_THAT(g.pixels, ElementsAre(0.0f, 0.2f, 1.0f));
  EXPECT_EQ(c.shape, (Shape{3, 1, 1}));
  EXPECT_THAT(c.pixels, ElementsAre(1.0f, 0.0f, 0.2f));
  EXPECT_THAT(error_of([&] { write_png(grey, folder.path() / "no" / "g.png"); }),
              HasSubstr("cannot be written"));
}

TEST(Png, CutAndFlippedAreRefusedOrRead) {
  const TemporaryFolder folder;
  Picture grey{8, 8, 1, std::vector<std::uint8_t>(64, 7)};
  write_png(grey, folder.path() / "g.png");
  const Bytes bytes = read_bytes(folder.path() / "g.png");
  const std::string content(bytes.begin(), bytes.end());
  for (std::size_t cut = 0; cut + 12 < content.size(); ++cut) {  // IEND itself may be missing
    error_of([&] { read_png(folder.write("c.png", content.substr(0, cut)), 1); });
  }
  EXPECT_THAT(error_of([&] { read_png(folder.write("c.png", content.substr(0, 40)), 1); }),
              HasSubstr("c.png"));
  EXPECT_THAT(error_of([&] { read_png(folder.write("t.png", "text"), 1); }), HasSubstr("no PNG"));
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string flipped = content;
    flipped[at] = static_cast<char>(flipped[at] ^ 16);
    error_of([&] { read_png(folder.write("f.png", flipped), 1); });
  }
}

/// A tar header and its file.
std::string tar_member(const std::string& name, const std::string& content) {
  std::string header(512, '\0');
  name.copy(header.data(), 100);
  char size[13];
  std::snprintf(size, sizeof(size), "%011zo", content.size());
  std::memcpy(header.data() + 124, size, 12);
  header[156] = '0';
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

TEST(Tar, FindsFilesAndCuts) {
  const std::string archive =
      tar_member("d/a.bin", "hello") + tar_member("d/b.bin", "x") + std::string(1024, '\0');
  const Bytes bytes(archive.begin(), archive.end());
  const auto files = read_tar(bytes, {"b.bin", "a.bin"}, "x.tar");
  EXPECT_EQ(as_text(files.at("a.bin")), "hello");
  EXPECT_EQ(as_text(files.at("b.bin")), "x");
  const Bytes cut(bytes.begin(), bytes.begin() + 514);
  EXPECT_THAT(error_of([&] { read_tar(cut, {"a.bin"}, "x.tar"); }), HasSubstr("x.tar"));
}

std::string little(std::size_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) {
    bytes += static_cast<char>(value & 255);
    value >>= 8;
  }
  return bytes;
}

/// A ZIP archive of one stored member.
std::string zip_of(const std::string& name, const std::string& content) {
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  const std::string common = little(20, 2) + little(0, 8) + little(crc, 4) +
                             little(content.size(), 4) + little(content.size(), 4) +
                             little(name.size(), 2) + little(0, 2);
  const std::string local = little(0x04034b50, 4) + common + name + content;
  const std::string directory =
      little(0x02014b50, 4) + little(20, 2) + common + little(0, 10) + little(0, 4) + name;
  return local + directory + little(0x06054b50, 4) + little(0, 4) + little(1, 2) + little(1, 2) +
         little(directory.size(), 4) + little(local.size(), 4) + little(0, 2);
}

TEST(Zip, MembersCutsAndFlips) {
  const TemporaryFolder folder;
  const std::string archive = zip_of("a.npy", "content");
  EXPECT_EQ(as_text(read_zip(folder.write("x.npz", archive)).at("a.npy")), "content");
  for (std::size_t cut = 0; cut < archive.size(); ++cut) {
    EXPECT_THAT(error_of([&] { read_zip(folder.write("c.npz", archive.substr(0, cut))); }),
                HasSubstr("c.npz"));
  }
  for (std::size_t at = 0; at < archive.size(); ++at) {
    std::string flipped = archive;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    error_of([&] { read_zip(folder.write("f.npz", flipped)); });
  }
  std::string wrong = archive;
  wrong[36] = 'X';
  EXPECT_THAT(error_of([&] { read_zip(folder.write("w.npz", wrong)); }), HasSubstr("checksum"));
}

}  // namespace
}  // namespace serdab::datasets
