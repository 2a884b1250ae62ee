#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/base/error.h"
#include "networks/datasets/formats/png.h"
#include "networks/datasets/named/fetch.h"
#include "networks/datasets/named/load.h"
#include "networks/datasets/named/manifest.h"
#include "networks/datasets/named/sha256.h"
#include "networks/datasets/testing/temporary_folder.h"

namespace serdab::datasets {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
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

std::filesystem::path project_data() {
  return std::filesystem::path(SERDAB_SOURCE_DIR) / "data" / "tabular";
}

TEST(SetName, SplitsAndErrors) {
  EXPECT_EQ(parse_set_name("mnist").split, Split::kTest);
  EXPECT_EQ(parse_set_name("mnist:val").split, Split::kVal);
  EXPECT_EQ(parse_set_name("fashion-mnist:train").split, Split::kTrain);
  EXPECT_EQ(parse_set_name("digits").split, Split::kVal);
  EXPECT_THAT(error_of([] { parse_set_name("mnits"); }), HasSubstr("cifar10"));
  EXPECT_THAT(error_of([] { parse_set_name("mnist:validation"); }), HasSubstr("val"));
  EXPECT_TRUE(is_set_name("cifar10:val"));
  EXPECT_FALSE(is_set_name("cifar10.bin"));
}

TEST(Digits, AreFoundBesideTheProgramAndSplit) {
  const auto folders = search_folders(std::filesystem::path("nowhere"));
  const Images val = load("digits", {1, 8, 8}, folders);
  const Images train = load("digits:train", {1, 8, 8}, folders);
  EXPECT_EQ(val.count(), 450u);
  EXPECT_EQ(train.count(), 1347u);
  EXPECT_EQ(val.labels.size(), 450u);
  EXPECT_THAT(val.pixels, Each(AllOf(Ge(0.0f), Le(1.0f))));
  EXPECT_THAT(train.labels, Each(AllOf(Ge(0), Le(9))));
  EXPECT_THAT(slice(train, 0, 1).labels, ElementsAre(0));
  EXPECT_FLOAT_EQ(train.pixels[2], 5.0f / 16.0f);
  EXPECT_EQ(load("digits", {1, 8, 8}, folders, 7).count(), 7u);
  EXPECT_THAT(error_of([&] { load("digits:test", {1, 8, 8}, folders); }), HasSubstr("no test"));
  EXPECT_THAT(error_of([&] { load("digits", {1, 28, 28}, folders); }), HasSubstr("1x8x8"));
}

TEST(Digits, OrLoadAsAFile) {
  const Images all = load((project_data() / "digits.csv.gz").string(), {1, 8, 8}, {});
  EXPECT_EQ(all.count(), 1797u);
  EXPECT_EQ(all.labels.size(), 1797u);
  EXPECT_FLOAT_EQ(all.pixels[2], 5.0f);  // as it stands in the file
}

TEST(Search, AMissingFileSaysWhereAndWhatToDo) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      error_of([&] {
        load("mnist", {1, 28, 28}, {folder.path()});
      }),
      AllOf(HasSubstr("'mnist'"), HasSubstr("t10k-images-idx3-ubyte.gz"),
            HasSubstr((folder.path() / "mnist").string()), HasSubstr("serdab data fetch mnist")));
  folder.write("cifar10/test_batch.med.xz",
               "\xfd"
               "7zXZ");
  EXPECT_THAT(error_of([&] {
                load("cifar10", {3, 32, 32}, {folder.path()});
              }),
              HasSubstr("test_batch.med.xz"));
  EXPECT_THAT(error_of([&] {
                load("no/such/file.png", {1, 8, 8}, {});
              }),
              HasSubstr("neither a file nor"));
}

TEST(Search, SetFolderOrFolderItself) {
  const TemporaryFolder folder;
  std::string record(3073, '\1');
  folder.write("a/cifar10/data_batch_5.bin", record);
  folder.write("cifar10/data_batch_5.bin", record + record);
  folder.write("c/data_batch_5.bin", record);
  const auto count = [&](const char* name) {
    return load("cifar10:val", {3, 32, 32}, {folder.path() / name}).count();
  };
  EXPECT_EQ(count("a"), 1u);
  EXPECT_EQ(count("cifar10"), 2u);
  // Not the published file, in a folder that does not carry the set's name.
  EXPECT_THAT(error_of([&] { count("c"); }), HasSubstr("not there"));
}

TEST(Folder, OfPicturesInTheOrderOfTheirNames) {
  const TemporaryFolder folder;
  write_png({1, 2, 1, {255, 0}}, folder.path() / "b.png");
  write_png({1, 2, 1, {0, 51}}, folder.path() / "a.png");
  EXPECT_THAT(load(folder.path().string(), {1, 1, 2}, {}).pixels, ElementsAre(0, 0.2f, 1, 0));
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256({'a', 'b', 'c'}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Manifest, IsWhole) {
  for (const ManifestSet& set : manifest()) {
    EXPECT_FALSE(set.terms.empty());
    for (const ManifestFile& file : set.files) {
      EXPECT_TRUE(file.sha256.empty() || file.sha256.size() == 64u) << file.name;
      EXPECT_TRUE(file.url.empty() || !file.sha256.empty()) << file.name << " is not pinned";
    }
  }
}

TEST(Fetch, SaysWhatCannotBeFetched) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { fetch("digits", folder.path()); }), HasSubstr("comes with serdab"));
  EXPECT_THAT(error_of([&] { fetch("pneumoniamnist", folder.path()); }), HasSubstr("no mirror"));
  EXPECT_THAT(error_of([&] { fetch("imagenet", folder.path()); }), HasSubstr("no data set"));
}

/// The folder of $SERDAB_DATA, for tests on the real files.
class RealData : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("SERDAB_DATA") == nullptr) GTEST_SKIP() << "SERDAB_DATA is not set";
  }
  Images load_or_skip(const std::string& set, const Shape& shape) {
    try {
      return load(set, shape, search_folders());
    } catch (const base::Error& error) {
      missing_ = error.code() == base::ErrorCode::kIo;
      if (!missing_) throw;
      return {};
    }
  }
  bool missing_ = false;
};

TEST_F(RealData, MnistVal) {
  const Images val = load_or_skip("mnist:val", {1, 28, 28});
  if (missing_) GTEST_SKIP() << "mnist is not in SERDAB_DATA";
  EXPECT_EQ(val.count(), 10'000u);
  EXPECT_THAT(slice(val, 0, 5).labels, ElementsAre(3, 8, 6, 9, 6));
}

TEST_F(RealData, CifarVal) {
  const Images val = load_or_skip("cifar10:val", {3, 32, 32});
  if (missing_) GTEST_SKIP() << "cifar10 is not in SERDAB_DATA";
  EXPECT_EQ(val.count(), 10'000u);
  EXPECT_THAT(val.labels, AllOf(Each(Ge(0)), Each(Le(9))));
  EXPECT_EQ(load("cifar10:val", {3, 32, 32}, search_folders(), 7).pixels, slice(val, 0, 7).pixels);
}

TEST_F(RealData, PneumoniaVal) {
  const Images val = load_or_skip("pneumoniamnist:val", {1, 28, 28});
  if (missing_) GTEST_SKIP() << "pneumoniamnist is not in SERDAB_DATA";
  EXPECT_EQ(val.count(), 524u);
}

}  // namespace
}  // namespace serdab::datasets
