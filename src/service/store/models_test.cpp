#include "service/store/testing/data_folder.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using testing::expect_error;
namespace fs = std::filesystem;

class Models : public testing::DataFolder {};

TEST_F(Models, GetVersions) {
  const ModelRecord first = store_->add_model("square", model_folder(2));
  EXPECT_EQ(first.version, 1u);
  EXPECT_EQ(first.program_id.size(), 64u);
  const ModelRecord again = store_->add_model("square", model_folder(2));
  EXPECT_EQ(again.version, 1u);
  const ModelRecord second = store_->add_model("square", model_folder(3));
  EXPECT_EQ(second.version, 2u);
  // The first once more is newer than the second.
  EXPECT_EQ(store_->add_model("square", model_folder(2)).version, 3u);
  EXPECT_EQ(store_->add_model("other", model_folder(2)).version, 1u);
  EXPECT_EQ(store_->models().size(), 4u);
  EXPECT_EQ(store_->models()[0].name, "other");
  EXPECT_EQ(store_->model("square", 0)->version, 3u);
  EXPECT_EQ(store_->model("square", 2)->program_id, second.program_id);
  EXPECT_FALSE(store_->model("square", 4));
  EXPECT_FALSE(store_->model("circle", 0));
  testing::expect_agreement(*store_);
}

TEST_F(Models, VersionsAreNotGivenAgain) {
  store_->add_model("square", model_folder(2));
  store_->remove_model("square", 1);
  EXPECT_FALSE(fs::exists(layout().model_folder("square", 1)));
  EXPECT_EQ(store_->add_model("square", model_folder(2)).version, 2u);
  expect_error(ErrorCode::kInvalidArgument, "no version 1",
               [&] { store_->remove_model("square", 1); });
}

TEST_F(Models, StayWhileJobsNeedThem) {
  store_->add_model("square", model_folder(2));
  JobRecord batch;
  batch.model = "square";
  batch.version = 1;
  batch.chunks = 1;
  const std::string job = store_->add_job(ada(), batch).id;
  expect_error(ErrorCode::kInvalidArgument, "unfinished jobs",
               [&] { store_->remove_model("square", 1); });
  EXPECT_TRUE(store_->model("square", 1));
  store_->remove_job("ada", job);
  store_->remove_model("square", 1);
}

TEST_F(Models, AreCheckedBeforeTheyAreTaken) {
  const std::string folder = root_ + "/mixed";
  expect_error(ErrorCode::kIo, "program.sdb", [&] { store_->add_model("m", folder); });
  fs::copy(model_folder(2), folder);
  fs::copy(model_folder(3) + "/client.sdb", folder + "/client.sdb",
           fs::copy_options::overwrite_existing);
  expect_error(ErrorCode::kMismatch, "client.sdb: belongs to program",
               [&] { store_->add_model("m", folder); });
  fs::copy(model_folder(3) + "/client.sdb", folder + "/program.sdb",
           fs::copy_options::overwrite_existing);
  expect_error(ErrorCode::kMismatch, "program.sdb", [&] { store_->add_model("m", folder); });
  expect_error(ErrorCode::kInvalidArgument, "name of a model",
               [&] { store_->add_model("../m", model_folder(2)); });
  EXPECT_TRUE(store_->models().empty());
  EXPECT_TRUE(testing::names(data() + "/staging").empty());
}

TEST_F(Models, AStrayOfTheNextVersionIsNoHindrance) {
  fs::create_directories(layout().model_folder("square", 1));
  std::ofstream(layout().program("square", 1)) << "half";
  EXPECT_EQ(store_->add_model("square", model_folder(2)).version, 1u);
  testing::expect_agreement(*store_);
}

}  // namespace
}  // namespace serdab::store
