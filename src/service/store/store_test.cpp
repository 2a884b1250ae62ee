#include "service/store/internal/state.h"
#include "service/store/testing/data_folder.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using testing::expect_error;
using testing::sql;
namespace fs = std::filesystem;

class StoreTest : public testing::DataFolder {};

unsigned mode(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST_F(StoreTest, IsPrivate) {
  EXPECT_EQ(mode(data()), 0700u);
  for (const char* folder : {"models", "keys", "uploads", "jobs", "staging", "trash"}) {
    EXPECT_EQ(mode(data() + "/" + folder), 0700u) << folder;
  }
  EXPECT_EQ(mode(layout().database()), 0600u);
  EXPECT_EQ(mode(layout().database() + "-wal"), 0600u);
}

TEST_F(StoreTest, RemembersAfterReopening) {
  Quota quota;
  quota.keys = 3;
  quota.requests_per_second = 0.5;
  store_->add_tenant("bob", quota);
  const std::string token = store_->add_token("bob", "laptop", 0);
  open();
  EXPECT_EQ(store_->tenants().size(), 2u);
  ASSERT_TRUE(store_->tenant("bob"));
  EXPECT_EQ(store_->tenant("bob")->quota.keys, 3u);
  EXPECT_EQ(store_->tenant("bob")->quota.requests_per_second, 0.5);
  ASSERT_TRUE(store_->authenticate(token));
  EXPECT_EQ(store_->authenticate(token)->name, "bob");
}

TEST_F(StoreTest, RefusesANewerDatabase) {
  const std::string database = layout().database();
  store_.reset();
  sql(database, "PRAGMA user_version=2");
  expect_error(ErrorCode::kMismatch, "has version 2, this program knows version 1",
               [&] { Store store(data()); });
  sql(database, "PRAGMA user_version=1");
  open();
  EXPECT_TRUE(store_->tenant("ada"));
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
  fs::create_directories(root_ + "/other");
  std::ofstream(root_ + "/other/serdab.db") << std::string(5000, 'x');
  expect_error(ErrorCode::kIo, "damaged or no database", [&] { Store store(root_ + "/other"); });
  fs::create_directories(root_ + "/foreign");
  sql(root_ + "/foreign/serdab.db", "CREATE TABLE photographs(name TEXT)");
  expect_error(ErrorCode::kMismatch, "another program", [&] { Store store(root_ + "/foreign"); });
}

TEST_F(StoreTest, RefusesSomebodysFolder) {
  fs::create_directories(root_ + "/home");
  std::ofstream(root_ + "/home/letter.txt") << "dear";
  expect_error(ErrorCode::kInvalidArgument, "letter.txt", [&] { Store store(root_ + "/home"); });
  EXPECT_FALSE(fs::exists(root_ + "/home/serdab.db"));
}

TEST_F(StoreTest, SaysWhenTheDiskIsFull) {
  // A database that may not grow fails as on a full disk.
  internal::Database database(layout().database());
  internal::Writing writing(database);
  writing.run("PRAGMA max_page_count=1");
  expect_error(ErrorCode::kIo, "the disk is full; free some of it", [&] {
    for (int i = 0; i < 1000; ++i) {
      writing.run("INSERT INTO model_versions VALUES(?, 1)",
                  std::string(4000, 'x') + std::to_string(i));
    }
  });
  expect_error(ErrorCode::kIo, "the disk is full; free some of it", [] {
    errno = ENOSPC;
    internal::fail_io("data/keys", "cannot be written");
  });
}

TEST_F(StoreTest, IsSharedByStores) {
  Store other(data());
  other.add_tenant("bob", {});
  EXPECT_TRUE(store_->tenant("bob"));
  store_->remove_tenant("bob");
  EXPECT_FALSE(other.tenant("bob"));
}

TEST_F(StoreTest, CountsForTheMetrics) {
  testing::upload(*store_, ada(), testing::key_file(1));
  store_->add_model("square", model_folder(2));
  JobRecord batch;
  batch.model = "square";
  batch.chunks = 1;
  const std::string open_job = store_->add_job(ada(), batch).id;
  const std::string cancelled = store_->add_job(ada(), batch).id;
  EXPECT_TRUE(store_->update_job(cancelled, JobState::kCancelled, 0, ""));
  const Store::Totals totals = store_->totals();
  EXPECT_EQ(totals.tenants, 1u);
  EXPECT_EQ(totals.models, 1u);
  EXPECT_EQ(totals.keys, 1u);
  EXPECT_EQ(totals.key_bytes, testing::key_file(1).bytes.size());
  EXPECT_EQ(totals.jobs_open, 1u);
  EXPECT_EQ(totals.jobs_cancelled, 1u);
}

}  // namespace
}  // namespace serdab::store
