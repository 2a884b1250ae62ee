#include "service/store/testing/data_folder.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using testing::expect_error;
namespace fs = std::filesystem;

class Jobs : public testing::DataFolder {
 protected:
  JobRecord batch(std::uint32_t chunks) {
    JobRecord job;
    job.model = "square";
    job.version = 1;
    job.chunks = chunks;
    return store_->add_job(ada(), job);
  }
  JobRecord training(std::uint64_t steps) {
    JobRecord job;
    job.kind = JobKind::kTraining;
    job.steps = steps;
    return store_->add_job(ada(), job);
  }
  JobRecord find(const std::string& id) const { return *store_->job("ada", id); }
  void put(const std::string& job, std::uint32_t index, char digit = 'a') {
    store_->put_chunk(
        job, {index, ChunkState::kQueued, std::string(64, digit), std::string(64, 'b'), "", 0});
  }
  void finish(const std::string& job, std::uint32_t index, ChunkState state,
              const std::string& error = "") {
    store_->finish_chunk(job, {index, state, "", "", error, 1.5});
  }
};

TEST_F(Jobs, HaveAFolderAndARecord) {
  const JobRecord job = batch(3);
  EXPECT_NO_THROW(check_id(job.id));
  EXPECT_TRUE(fs::is_directory(layout().job_folder(job.id)));
  open();
  const JobRecord found = find(job.id);
  EXPECT_EQ(found.tenant, "ada");
  EXPECT_EQ(found.model, "square");
  EXPECT_EQ(found.version, 1u);
  EXPECT_EQ(found.chunks, 3u);
  EXPECT_EQ(found.state, JobState::kOpen);
  EXPECT_EQ(store_->jobs("ada").size(), 1u);
  EXPECT_EQ(store_->unfinished_jobs().size(), 1u);
  EXPECT_TRUE(store_->remove_job("ada", job.id));
  EXPECT_FALSE(store_->remove_job("ada", job.id));
  EXPECT_FALSE(fs::exists(layout().job_folder(job.id)));
}

TEST_F(Jobs, MayNameTheirId) {
  JobRecord job;
  job.kind = JobKind::kTraining;
  job.id = new_id();
  EXPECT_EQ(store_->add_job(ada(), job).id, job.id);
  expect_error(ErrorCode::kInvalidArgument, "already", [&] { store_->add_job(ada(), job); });
  job.id = "../../etc";
  expect_error(ErrorCode::kInvalidArgument, "no job's id", [&] { store_->add_job(ada(), job); });
  expect_error(ErrorCode::kInvalidArgument, "at least one chunk", [&] { batch(0); });
}

TEST_F(Jobs, EndWithTheirLastChunk) {
  const std::string id = batch(3).id;
  put(id, 0);
  put(id, 2);
  EXPECT_EQ(find(id).state, JobState::kRunning);
  finish(id, 0, ChunkState::kDone);
  EXPECT_EQ(find(id).state, JobState::kRunning);
  finish(id, 2, ChunkState::kDone);
  EXPECT_EQ(find(id).state, JobState::kOpen);
  put(id, 1);
  finish(id, 1, ChunkState::kDone);
  EXPECT_EQ(find(id).state, JobState::kDone);
  EXPECT_TRUE(store_->unfinished_jobs().empty());
  EXPECT_EQ(store_->chunks(id).size(), 3u);
  EXPECT_EQ(store_->chunk(id, 1)->seconds, 1.5);
  EXPECT_FALSE(store_->chunk(id, 3));
  expect_error(ErrorCode::kInvalidArgument, "has ended", [&] { put(id, 1); });
}

TEST_F(Jobs, FailWithAChunk) {
  const std::string id = batch(2).id;
  put(id, 0);
  finish(id, 0, ChunkState::kFailed, "keys are gone");
  EXPECT_EQ(find(id).state, JobState::kOpen);
  put(id, 1);
  finish(id, 1, ChunkState::kDone);
  EXPECT_EQ(find(id).state, JobState::kFailed);
  EXPECT_EQ(find(id).error, "chunk 0: keys are gone");
}

TEST_F(Jobs, ChunksMayComeTwice) {
  const std::string id = batch(2).id;
  put(id, 0);
  put(id, 0);
  expect_error(ErrorCode::kInvalidArgument, "with other bytes", [&] { put(id, 0, 'c'); });
  expect_error(ErrorCode::kInvalidArgument, "none of index 2", [&] { put(id, 2); });
  finish(id, 0, ChunkState::kDone);
  finish(id, 0, ChunkState::kFailed, "late");  // an outcome that comes again
  put(id, 0);
  EXPECT_EQ(store_->chunk(id, 0)->state, ChunkState::kDone);
  // One that failed may be tried again, with other keys.
  put(id, 1);
  finish(id, 0, ChunkState::kDone);
  finish(id, 1, ChunkState::kFailed, "no keys");
  EXPECT_EQ(find(id).state, JobState::kFailed);
  const std::string retry = batch(2).id;
  put(retry, 0);
  finish(retry, 0, ChunkState::kFailed, "no keys");
  put(retry, 0, 'd');
  EXPECT_EQ(store_->chunk(retry, 0)->state, ChunkState::kQueued);
  EXPECT_EQ(store_->chunk(retry, 0)->error, "");
  finish(new_id(), 0, ChunkState::kDone);  // of a job that is gone
  EXPECT_THROW(put(new_id(), 0), base::Error);
}

TEST_F(Jobs, ThatWereCancelledStaySo) {
  const std::string id = batch(1).id;
  put(id, 0);
  EXPECT_TRUE(store_->update_job(id, JobState::kCancelled, 0, ""));
  finish(id, 0, ChunkState::kDone);
  EXPECT_FALSE(store_->update_job(id, JobState::kRunning, 0, ""));
  EXPECT_EQ(find(id).state, JobState::kCancelled);
  EXPECT_FALSE(store_->update_job(new_id(), JobState::kRunning, 0, ""));
}

TEST_F(Jobs, TrainingTakesMoreSteps) {
  const std::string id = training(5).id;
  EXPECT_TRUE(store_->update_job(id, JobState::kRunning, 1, ""));
  EXPECT_FALSE(store_->set_steps(id, 9));  // not while it computes
  EXPECT_TRUE(store_->update_job(id, JobState::kWaiting, 2, ""));
  EXPECT_TRUE(store_->set_steps(id, 6));
  EXPECT_EQ(find(id).state, JobState::kWaiting);
  EXPECT_TRUE(store_->update_job(id, JobState::kDone, 6, ""));
  EXPECT_TRUE(store_->set_steps(id, 8));
  EXPECT_EQ(find(id).state, JobState::kOpen);
  EXPECT_EQ(find(id).steps, 8u);
  EXPECT_EQ(find(id).steps_done, 6u);
  EXPECT_FALSE(store_->set_steps(id, 5));
  EXPECT_TRUE(store_->update_job(id, JobState::kFailed, 6, "a mask is gone"));
  EXPECT_FALSE(store_->set_steps(id, 10));
  EXPECT_FALSE(store_->set_steps(batch(1).id, 10));
}

TEST_F(Jobs, TrainingMovesOncePerStep) {
  const std::string id = training(5).id;
  EXPECT_TRUE(store_->finish_step(id, 0, JobState::kWaiting, 1, ""));
  EXPECT_TRUE(store_->update_job(id, JobState::kRunning, 1, ""));
  EXPECT_FALSE(store_->finish_step(id, 0, JobState::kWaiting, 1, ""));
  EXPECT_FALSE(store_->finish_step(id, 2, JobState::kWaiting, 3, ""));
  EXPECT_EQ(find(id).state, JobState::kRunning);
  EXPECT_EQ(find(id).steps_done, 1u);
  EXPECT_TRUE(store_->finish_step(id, 1, JobState::kWaiting, 1, "no refresh of this run"));
  EXPECT_EQ(find(id).error, "no refresh of this run");
  EXPECT_TRUE(store_->finish_step(id, 1, JobState::kDone, 5, ""));
  EXPECT_FALSE(store_->finish_step(id, 5, JobState::kRunning, 6, ""));  // it has ended
  EXPECT_FALSE(store_->finish_step(batch(1).id, 0, JobState::kDone, 0, ""));
}

TEST_F(Jobs, StayWithinTheQuota) {
  Quota quota;
  quota.jobs = 2;
  quota.job_bytes = 1000;
  store_->set_quota("ada", quota);
  const std::string first = batch(1).id, second = training(1).id;
  expect_error(ErrorCode::kLimit, "as many as it may", [&] { batch(1); });
  store_->charge_job(ada(), first, 600);
  store_->charge_job(ada(), second, 300);
  expect_error(ErrorCode::kLimit, "more are too many",
               [&] { store_->charge_job(ada(), second, 101); });
  expect_error(ErrorCode::kLimit, "more are too many",
               [&] { store_->charge_job(ada(), second, ~std::uint64_t{0}); });
  store_->charge_job(ada(), second, 100);
  EXPECT_EQ(find(first).bytes, 600u);
  EXPECT_EQ(find(second).bytes, 400u);
  EXPECT_TRUE(store_->remove_job("ada", first));
  store_->charge_job(ada(), batch(1).id, 600);
  expect_error(ErrorCode::kInvalidArgument, "no job", [&] { store_->charge_job(ada(), first, 1); });
}

TEST_F(Jobs, BelongToOneTenant) {
  store_->add_tenant("bob", {});
  const std::string id = batch(1).id;
  EXPECT_FALSE(store_->job("bob", id));
  EXPECT_TRUE(store_->jobs("bob").empty());
  EXPECT_FALSE(store_->remove_job("bob", id));
  EXPECT_THROW(store_->charge_job(*store_->tenant("bob"), id, 1), base::Error);
  EXPECT_TRUE(store_->job("ada", id));
  EXPECT_TRUE(fs::exists(layout().job_folder(id)));
}

TEST_F(Jobs, AreSweptWhenTheirDaysAreOver) {
  const std::string old_done = batch(1).id, new_done = batch(1).id, old_open = batch(1).id;
  store_->update_job(old_done, JobState::kDone, 0, "");
  store_->update_job(new_done, JobState::kDone, 0, "");
  testing::sql(layout().database(),
               "UPDATE jobs SET updated=updated-8*86400 WHERE id<>'" + new_done + "'");
  EXPECT_EQ(store_->sweep().jobs, 1u);
  EXPECT_FALSE(store_->job("ada", old_done));
  EXPECT_FALSE(fs::exists(layout().job_folder(old_done)));
  EXPECT_TRUE(store_->job("ada", new_done));
  EXPECT_TRUE(store_->job("ada", old_open));
}

TEST_F(Jobs, FoldersOfRequestsAreSweptWhenTheyAreOld) {
  const std::string running = new_id(), killed = new_id();
  for (const std::string& id : {running, killed}) {
    fs::create_directories(layout().training_folder(id));
    std::ofstream(layout().query(id, 0)) << "query";
  }
  testing::age(layout().job_folder(killed), 7200);
  // One file that is written still keeps the whole folder.
  testing::age(layout().job_folder(running), 7200);
  std::ofstream(layout().checkpoint(running, 0)) << "state";
  EXPECT_EQ(store_->sweep().strays, 1u);
  EXPECT_TRUE(fs::exists(layout().job_folder(running)));
  EXPECT_FALSE(fs::exists(layout().job_folder(killed)));
}

}  // namespace
}  // namespace serdab::store
