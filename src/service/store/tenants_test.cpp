#include "service/store/testing/data_folder.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using testing::expect_error;

class Tenants : public testing::DataFolder {};

TEST_F(Tenants, AreAddedOnce) {
  expect_error(ErrorCode::kInvalidArgument, "already", [&] { store_->add_tenant("ada", {}); });
  expect_error(ErrorCode::kInvalidArgument, "cannot be the name",
               [&] { store_->add_tenant("../ada", {}); });
  Quota bad;
  bad.requests_per_second = 0;
  expect_error(ErrorCode::kInvalidArgument, "rate", [&] { store_->add_tenant("bob", bad); });
  EXPECT_FALSE(store_->tenant("bob"));
}

TEST_F(Tenants, QuotasChange) {
  Quota quota{1, 2, 3, 4, 5, 6.5, 7, 8};
  store_->set_quota("ada", quota);
  const Quota found = ada().quota;
  EXPECT_EQ(found.key_bytes, 1u);
  EXPECT_EQ(found.job_bytes, 2u);
  EXPECT_EQ(found.keys, 3u);
  EXPECT_EQ(found.jobs, 4u);
  EXPECT_EQ(found.concurrent, 5u);
  EXPECT_EQ(found.requests_per_second, 6.5);
  EXPECT_EQ(found.key_days, 7);
  EXPECT_EQ(found.job_days, 8);
  expect_error(ErrorCode::kInvalidArgument, "no tenant", [&] { store_->set_quota("bob", quota); });
}

TEST_F(Tenants, GoWithEverything) {
  const std::string token = store_->add_token("ada", "", 0);
  testing::upload(*store_, ada(), testing::key_file(1));
  const testing::KeyFile half = testing::key_file(2);
  store_->begin_upload(ada(), half.digest, half.bytes.size());
  JobRecord training;
  training.kind = JobKind::kTraining;
  const JobRecord job = store_->add_job(ada(), training);
  store_->remove_tenant("ada");
  EXPECT_FALSE(store_->authenticate(token));
  EXPECT_FALSE(testing::fs::exists(layout().key_folder("ada")));
  EXPECT_FALSE(testing::fs::exists(layout().upload_folder("ada")));
  EXPECT_FALSE(testing::fs::exists(layout().job_folder(job.id)));
  store_->add_tenant("ada", {});
  EXPECT_TRUE(store_->keys("ada").empty());
  EXPECT_TRUE(store_->jobs("ada").empty());
  expect_error(ErrorCode::kInvalidArgument, "no tenant", [&] { store_->remove_tenant("bob"); });
}

TEST_F(Tenants, TokensAreNotKept) {
  const std::string token = store_->add_token("ada", "laptop", 0);
  EXPECT_EQ(token.size(), 50u);
  EXPECT_EQ(token.substr(0, 7), "serdab_");
  EXPECT_NE(token, store_->add_token("ada", "", 0));
  store_.reset();
  const auto bytes = wire::read_file(data() + "/serdab.db", 1 << 24);
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_EQ(text.find(token.substr(7)), std::string::npos);
  const std::string hash = base::to_hex(
      wire::sha256({reinterpret_cast<const std::uint8_t*>(token.data()), token.size()}));
  EXPECT_NE(text.find(hash), std::string::npos);
}

TEST_F(Tenants, TokensAreListedAndRevoked) {
  store_->add_tenant("bob", {});
  const std::string token = store_->add_token("ada", "laptop", now() + 1000);
  EXPECT_EQ(store_->authenticate(token)->name, "ada");
  EXPECT_FALSE(store_->authenticate(token + "x"));
  EXPECT_FALSE(store_->authenticate(""));
  const auto tokens = store_->tokens("ada");
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].label, "laptop");
  EXPECT_GT(tokens[0].expires, now());
  EXPECT_FALSE(store_->revoke_token("bob", tokens[0].id));
  EXPECT_TRUE(store_->revoke_token("ada", tokens[0].id));
  EXPECT_FALSE(store_->revoke_token("ada", tokens[0].id));
  EXPECT_FALSE(store_->authenticate(token));
}

TEST_F(Tenants, TokensExpire) {
  expect_error(ErrorCode::kInvalidArgument, "past", [&] { store_->add_token("ada", "", now()); });
  const std::string token = store_->add_token("ada", "", now() + 1000);
  testing::sql(layout().database(), "UPDATE tokens SET expires=" + std::to_string(now() - 1));
  EXPECT_FALSE(store_->authenticate(token));
  expect_error(ErrorCode::kInvalidArgument, "no tenant", [&] { store_->add_token("bob", "", 0); });
}

}  // namespace
}  // namespace serdab::store
