#include "service/wire/sealed_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "engine/base/error.h"

namespace serdab::wire {
namespace {

const std::vector<std::uint8_t> kPayload{1, 2, 3, 250, 0, 7};

class SealedFile : public testing::Test {
 protected:
  ~SealedFile() override { std::remove(path_.c_str()); }
  const std::string path_ =
      testing::TempDir() + "serdab_sealed_" + std::to_string(::getpid()) + ".sdb";
};

TEST_F(SealedFile, ReadAndMappedGiveThePayload) {
  save(FileKind::kQuery, path_, kPayload);
  const Opened read = open_file(FileKind::kQuery, path_);
  EXPECT_EQ(std::vector(read.payload.begin(), read.payload.end()), kPayload);
  const OpenedMap mapped = map_file(FileKind::kQuery, path_, "query");
  EXPECT_EQ(std::vector(mapped.payload.begin(), mapped.payload.end()), kPayload);
}

TEST_F(SealedFile, AMapKeepsTheBytesOfAFileThatIsReplaced) {
  save(FileKind::kQuery, path_, kPayload);
  OpenedMap mapped = map_file(FileKind::kQuery, path_, "query");
  const OpenedMap moved = std::move(mapped);
  save(FileKind::kQuery, path_, std::vector<std::uint8_t>(1000));
  EXPECT_EQ(std::vector(moved.payload.begin(), moved.payload.end()), kPayload);
}

TEST_F(SealedFile, ErrorsOfContentsUseTheName) {
  write_file(path_, {});
  for (const FileKind kind : {FileKind::kQuery, FileKind::kAnswer}) {
    try {
      map_file(kind, path_, "query");
      FAIL();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kCorrupt);
      EXPECT_EQ(std::string(error.what()).rfind("query: ", 0), 0u);
    }
    save(FileKind::kSecretKey, path_, kPayload);
    EXPECT_THROW(map_file(kind, path_, "query"), base::Error);
    write_file(path_, {});
  }
  EXPECT_THROW(MappedFile(path_ + ".none"), base::Error);
  EXPECT_THROW(MappedFile("/"), base::Error);
}

TEST_F(SealedFile, PiecesMakeTheSameFile) {
  save(FileKind::kCheckpoint, path_, kPayload);
  const std::vector<std::uint8_t> whole = read_file(path_, 1000);
  save_in_pieces(FileKind::kCheckpoint, path_, [](const Sink& sink) {
    sink(std::span(kPayload).first(2));
    sink({});
    sink(std::span(kPayload).subspan(2));
  });
  EXPECT_EQ(read_file(path_, 1000), whole);
}

TEST_F(SealedFile, AFileWhosePiecesEndEarlyIsNeverPutInPlace) {
  save(FileKind::kCheckpoint, path_, kPayload);
  const auto half = [](const Sink& sink) {
    sink(kPayload);
    base::fail(base::ErrorCode::kInterrupted, "half");
  };
  EXPECT_THROW(save_in_pieces(FileKind::kCheckpoint, path_, half), base::Error);
  EXPECT_EQ(open_file(FileKind::kCheckpoint, path_).payload.size(), kPayload.size());
  for (const auto& entry : std::filesystem::directory_iterator(testing::TempDir())) {
    EXPECT_EQ(entry.path().string().rfind(path_ + ".part", 0), std::string::npos);
  }
}

TEST_F(SealedFile, NothingIsLeftBesideAFile) {
  save(FileKind::kQuery, path_, kPayload);
  for (const auto& entry : std::filesystem::directory_iterator(testing::TempDir())) {
    EXPECT_EQ(entry.path().string().rfind(path_ + ".part", 0), std::string::npos);
  }
}

}  // namespace
}  // namespace serdab::wire
