#include "service/store/testing/data_folder.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using testing::append;
using testing::expect_error;
using testing::key_file;
using testing::KeyFile;
using testing::upload;
namespace fs = std::filesystem;

class Keys : public testing::DataFolder {
 protected:
  std::string place(const KeyFile& file) const { return layout().upload("ada", file.digest); }
};

TEST_F(Keys, ArriveInPieces) {
  const KeyFile file = key_file(1);
  store_->begin_upload(ada(), file.digest, file.bytes.size());
  EXPECT_EQ(store_->upload_offset("ada", file.digest), 0u);
  append(place(file), std::span(file.bytes).first(100));
  EXPECT_EQ(store_->upload_offset("ada", file.digest), 100u);
  expect_error(ErrorCode::kInvalidArgument, "has 100 of",
               [&] { store_->finish_upload(ada(), file.digest); });
  open();
  store_->begin_upload(ada(), file.digest, file.bytes.size());  // the same again
  EXPECT_EQ(store_->upload_offset("ada", file.digest), 100u);
  append(place(file), std::span(file.bytes).subspan(100));
  const KeyRecord key = store_->finish_upload(ada(), file.digest);
  EXPECT_EQ(key.digest, file.digest);
  EXPECT_EQ(key.key_id, file.key_id);
  EXPECT_EQ(key.parameter_id, file.parameter_id);
  EXPECT_EQ(key.bytes, file.bytes.size());
  EXPECT_EQ(wire::read_file(layout().key("ada", file.digest), 1 << 20), file.bytes);
  EXPECT_FALSE(fs::exists(place(file)));
  EXPECT_EQ(store_->upload_offset("ada", file.digest), 0u);
  // Finishing twice is no error, beginning again is.
  EXPECT_EQ(store_->finish_upload(ada(), file.digest).key_id, file.key_id);
  expect_error(ErrorCode::kInvalidArgument, "are there already",
               [&] { store_->begin_upload(ada(), file.digest, file.bytes.size()); });
  testing::expect_agreement(*store_);
}

TEST_F(Keys, WrongOnesAreRefusedAndRemoved) {
  const KeyFile good = key_file(1);
  const auto refused = [&](const testing::Bytes& bytes, const std::string& digest,
                           std::size_t total, const std::string& reason) {
    store_->begin_upload(ada(), digest, total);
    append(layout().upload("ada", digest), bytes);
    expect_error(ErrorCode::kCorrupt, reason, [&] { store_->finish_upload(ada(), digest); });
    EXPECT_FALSE(fs::exists(layout().upload("ada", digest))) << reason;
    EXPECT_EQ(store_->upload_offset("ada", digest), 0u);
    EXPECT_TRUE(store_->keys("ada").empty());
  };
  const auto digest_of = [](const testing::Bytes& bytes) {
    return base::to_hex(wire::sha256(bytes));
  };
  const std::string other(64, 'a');
  refused(good.bytes, other, good.bytes.size(), "has the digest");
  refused(good.bytes, good.digest, good.bytes.size() - 1, "were announced");
  testing::Bytes flipped = good.bytes;
  flipped.back() ^= 1;
  refused(flipped, digest_of(flipped), flipped.size(), "checksum");
  const auto query = wire::seal_payload(wire::FileKind::kQuery, good.bytes);
  refused(query, digest_of(query), query.size(), "wanted 'evaluation keys'");
  const auto tiny = wire::seal_payload(wire::FileKind::kEvaluationKeys, testing::Bytes(47, 0));
  expect_error(ErrorCode::kInvalidArgument, "no evaluation keys",
               [&] { store_->begin_upload(ada(), digest_of(tiny), tiny.size()); });
  testing::Bytes longer = good.bytes;
  longer.push_back(0);
  refused(longer, digest_of(longer), longer.size(), "announces");
  refused(testing::Bytes(200, 'x'), digest_of(testing::Bytes(200, 'x')), 200, "not a serdab file");
  expect_error(ErrorCode::kInvalidArgument, "no upload",
               [&] { store_->finish_upload(ada(), good.digest); });
}

TEST_F(Keys, AnnouncedBytesCountAgainstTheQuota) {
  Quota quota;
  quota.key_bytes = 3000;
  quota.keys = 2;
  store_->set_quota("ada", quota);
  const KeyFile first = key_file(1), second = key_file(2), third = key_file(3);  // 1104 bytes each
  const KeyFile large = key_file(4, 2500);
  upload(*store_, ada(), first);
  expect_error(ErrorCode::kLimit, "more are too many",
               [&] { store_->begin_upload(ada(), large.digest, large.bytes.size()); });
  store_->begin_upload(ada(), second.digest, second.bytes.size());
  store_->begin_upload(ada(), second.digest, second.bytes.size());
  expect_error(ErrorCode::kInvalidArgument, "was announced with",
               [&] { store_->begin_upload(ada(), second.digest, 500); });
  expect_error(ErrorCode::kLimit, "as many as it may",
               [&] { store_->begin_upload(ada(), third.digest, third.bytes.size()); });
  store_->abandon_upload("ada", second.digest);
  EXPECT_FALSE(fs::exists(place(second)));
  upload(*store_, ada(), third);
  EXPECT_TRUE(store_->remove_key("ada", first.digest));
  upload(*store_, ada(), second);
  quota.key_bytes = std::uint64_t{1} << 50;
  quota.keys = 100;
  store_->set_quota("ada", quota);
  expect_error(ErrorCode::kLimit, "that a file may have",
               [&] { store_->begin_upload(ada(), large.digest, std::uint64_t{9} << 30); });
}

TEST_F(Keys, TheNewestIsUsed) {
  const KeyFile older = key_file(1, 1000, 1), newer = key_file(1, 1000, 2), other = key_file(2);
  upload(*store_, ada(), older);
  upload(*store_, ada(), newer);
  upload(*store_, ada(), other);
  EXPECT_EQ(store_->use_key("ada", older.key_id, older.parameter_id)->digest, newer.digest);
  EXPECT_EQ(store_->use_key("ada", other.key_id, other.parameter_id)->digest, other.digest);
  EXPECT_FALSE(store_->use_key("ada", other.key_id, other.key_id));
  store_->remove_key("ada", newer.digest);
  EXPECT_EQ(store_->use_key("ada", older.key_id, older.parameter_id)->digest, older.digest);
}

TEST_F(Keys, BelongToOneTenant) {
  store_->add_tenant("bob", {});
  const KeyFile file = key_file(1);
  upload(*store_, ada(), file);
  const KeyFile half = key_file(2);
  store_->begin_upload(ada(), half.digest, half.bytes.size());
  append(place(half), std::span(half.bytes).first(10));
  EXPECT_FALSE(store_->key("bob", file.digest));
  EXPECT_TRUE(store_->keys("bob").empty());
  EXPECT_FALSE(store_->use_key("bob", file.key_id, file.parameter_id));
  EXPECT_FALSE(store_->remove_key("bob", file.digest));
  EXPECT_EQ(store_->upload_offset("bob", half.digest), 0u);
  store_->abandon_upload("bob", half.digest);
  EXPECT_EQ(store_->upload_offset("ada", half.digest), 10u);
  EXPECT_TRUE(store_->key("ada", file.digest));
  // The same file once more is bob's own.
  upload(*store_, *store_->tenant("bob"), file);
  EXPECT_TRUE(store_->remove_key("bob", file.digest));
  EXPECT_TRUE(fs::exists(layout().key("ada", file.digest)));
}

TEST_F(Keys, TakeNoPaths) {
  for (const std::string& digest : {std::string("../../serdab.db"), std::string(64, 'A')}) {
    EXPECT_THROW(store_->key("ada", digest), base::Error);
    EXPECT_THROW(store_->begin_upload(ada(), digest, 1000), base::Error);
    EXPECT_THROW(store_->finish_upload(ada(), digest), base::Error);
    EXPECT_THROW(store_->abandon_upload("ada", digest), base::Error);
    EXPECT_THROW(store_->remove_key("ada", digest), base::Error);
    EXPECT_THROW(store_->upload_offset("ada", digest), base::Error);
  }
  EXPECT_THROW(store_->upload_offset("../ada", std::string(64, 'a')), base::Error);
}

TEST_F(Keys, ExpireAfterTheirLastUse) {
  const KeyFile used = key_file(1), unused = key_file(2), waited_for = key_file(3);
  for (const KeyFile& file : {used, unused, waited_for}) upload(*store_, ada(), file);
  JobRecord batch;
  batch.model = "square";
  batch.chunks = 2;
  const std::string job = store_->add_job(ada(), batch).id;
  store_->put_chunk(job, {0, ChunkState::kQueued, std::string(64, '0'), waited_for.digest, "", 0});
  testing::sql(layout().database(),
               "UPDATE keys SET last_used=last_used-31*86400, added=added-40*86400");
  ASSERT_TRUE(store_->use_key("ada", used.key_id, used.parameter_id));
  const Store::Swept swept = store_->sweep();
  EXPECT_EQ(swept.keys, 1u);
  EXPECT_EQ(swept.strays, 0u);
  EXPECT_TRUE(store_->key("ada", used.digest));
  EXPECT_TRUE(store_->key("ada", waited_for.digest));
  EXPECT_FALSE(store_->key("ada", unused.digest));
  EXPECT_FALSE(fs::exists(layout().key("ada", unused.digest)));
}

TEST_F(Keys, UploadsExpireWhenNothingArrives) {
  const KeyFile idle = key_file(1), busy = key_file(2), fresh = key_file(3);
  for (const KeyFile& file : {idle, busy, fresh}) {
    store_->begin_upload(ada(), file.digest, file.bytes.size());
  }
  testing::sql(layout().database(),
               "UPDATE uploads SET begun=begun-90000 WHERE digest<>'" + fresh.digest + "'");
  testing::age(place(idle), 90'000);
  EXPECT_EQ(store_->sweep().uploads, 1u);
  EXPECT_FALSE(fs::exists(place(idle)));
  EXPECT_TRUE(fs::exists(place(busy)));
  EXPECT_TRUE(fs::exists(place(fresh)));
}

// Every moment at which finish_upload() may be killed, as the folder would be found.
TEST_F(Keys, NothingIsLostByAKillWhileFinishing) {
  const KeyFile file = key_file(1);
  store_->begin_upload(ada(), file.digest, file.bytes.size());
  append(place(file), file.bytes);
  // Under both names, not recorded.
  fs::create_directories(layout().key_folder("ada"));
  fs::create_hard_link(place(file), layout().key("ada", file.digest));
  open();
  EXPECT_EQ(store_->sweep().strays, 1u);
  EXPECT_FALSE(fs::exists(layout().key("ada", file.digest)));
  EXPECT_EQ(store_->upload_offset("ada", file.digest), file.bytes.size());
  fs::create_hard_link(place(file), layout().key("ada", file.digest));
  store_->finish_upload(ada(), file.digest);
  // Recorded, and the upload's name still there.
  fs::create_hard_link(layout().key("ada", file.digest), place(file));
  open();
  EXPECT_EQ(store_->sweep().strays, 2u);  // with the link that was in the way, in the trash
  EXPECT_TRUE(store_->key("ada", file.digest));
  testing::expect_agreement(*store_);
}

TEST_F(Keys, ARemovalThatWasKilledIsSwept) {
  const KeyFile file = key_file(1);
  upload(*store_, ada(), file);
  testing::sql(layout().database(), "DELETE FROM keys");
  open();
  EXPECT_FALSE(store_->key("ada", file.digest));
  EXPECT_EQ(store_->sweep().strays, 1u);
  EXPECT_FALSE(fs::exists(layout().key("ada", file.digest)));
}

}  // namespace
}  // namespace serdab::store
