// A process that is killed at any moment leaves records and files that agree; threads and processes
// that work at once do not disturb each other.

#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <random>
#include <thread>

#include "service/store/testing/data_folder.h"

namespace serdab::store {
namespace {

using testing::key_file;
using testing::KeyFile;
namespace fs = std::filesystem;

class Crash : public testing::DataFolder {};

// Everything that moves files, over and over, as several requests would.
class Churn {
 public:
  Churn(Store& store, const std::string& tenant, const std::vector<std::string>& models,
        unsigned seed)
      : store_(store), tenant_(*store.tenant(tenant)), models_(models), random_(seed) {}

  void step() {
    const auto key = static_cast<std::uint8_t>(random_() % 6);
    switch (random_() % 8) {
      case 0:
      case 1:
        tolerate([&] { testing::upload(store_, tenant_, key_file(key, 100 + key)); });
        break;
      case 2:
        store_.remove_key(tenant_.name, key_file(key, 100 + key).digest);
        break;
      case 3:
        store_.abandon_upload(tenant_.name, key_file(key, 100 + key).digest);
        break;
      case 4:
        tolerate([&] { start_job(); });
        break;
      case 5:
        for (const JobRecord& job : store_.jobs(tenant_.name)) {
          if (random_() % 2 == 0) store_.remove_job(tenant_.name, job.id);
        }
        break;
      case 6:
        add_or_remove_model();
        break;
      case 7:
        store_.sweep();
        break;
    }
  }

 private:
  // What another thread may have done first: the key is there, the upload is gone.
  template <typename F>
  void tolerate(F&& call) {
    try {
      call();
    } catch (const base::Error& error) {
      if (error.code() == base::ErrorCode::kIo) throw;
    }
  }
  void start_job() {
    JobRecord batch;
    batch.model = "square";
    batch.chunks = 2;
    const std::string id = store_.add_job(tenant_, batch).id;
    store_.charge_job(tenant_, id, 10);
    std::ofstream(store_.layout().query(id, 0)) << "query";
    store_.put_chunk(id,
                     {0, ChunkState::kQueued, std::string(64, 'a'), std::string(64, 'b'), "", 0});
    store_.finish_chunk(id, {0, ChunkState::kDone, "", "", "", 1});
  }
  void add_or_remove_model() {
    const std::string& folder = models_[random_() % models_.size()];
    tolerate([&] { store_.add_model("square", folder); });
    const auto models = store_.models();
    if (models.size() > 3) tolerate([&] { store_.remove_model("square", models[0].version); });
  }

  Store& store_;
  Tenant tenant_;
  std::vector<std::string> models_;
  std::mt19937 random_;
};

TEST_F(Crash, AKillAtAnyMomentLeavesRecordsAndFilesThatAgree) {
  const std::vector<std::string> models = {model_folder(2), model_folder(3)};
  store_.reset();
  std::mt19937 random(20);
  std::size_t left_over = 0;
  for (unsigned round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        Store store(data());
        Churn churn(store, "ada", models, round);
        while (true) churn.step();
      } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
        ::_exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(30'000 + random() % 150'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed";
    open();
    left_over += store_->sweep().strays;
    testing::expect_agreement(*store_);
    store_.reset();
  }
  RecordProperty("strays", static_cast<int>(left_over));
  open();
}

TEST_F(Crash, ThreadsWorkAtOnce) {
  const std::vector<std::string> models = {model_folder(2), model_folder(3)};
  store_->add_tenant("bob", {});
  std::atomic<bool> failed{false};
  const auto work = [&](const std::string& tenant, unsigned seed) {
    try {
      Churn churn(*store_, tenant, models, seed);
      for (int i = 0; i < 60; ++i) churn.step();
    } catch (const std::exception& error) {
      failed = true;
      ADD_FAILURE() << error.what();
    }
  };
  std::vector<std::thread> threads;
  threads.emplace_back(work, "ada", 1);
  threads.emplace_back(work, "ada", 2);
  threads.emplace_back(work, "bob", 3);
  for (int i = 0; i < 2000 && !failed; ++i) {
    // Who reads sees whole records and never waits for a disk.
    for (const KeyRecord& key : store_->keys("ada")) EXPECT_EQ(key.digest.size(), 64u);
    EXPECT_EQ(store_->tenants().size(), 2u);
  }
  for (std::thread& thread : threads) thread.join();
  testing::expect_agreement(*store_);
}

TEST_F(Crash, ProcessesWorkAtOnce) {
  const std::vector<std::string> models = {model_folder(2), model_folder(3)};
  store_.reset();
  std::vector<pid_t> children;
  for (unsigned seed = 0; seed < 3; ++seed) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int status = 1;
      try {
        Store store(data());
        Churn churn(store, "ada", models, seed);
        for (int i = 0; i < 50; ++i) churn.step();
        status = 0;
      } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  open();
  testing::expect_agreement(*store_);
}

// Two processes that come to an empty folder at the same time.
TEST_F(Crash, ANewFolderIsMadeOnce) {
  for (int round = 0; round < 5; ++round) {
    const std::string folder = root_ + "/new" + std::to_string(round);
    std::vector<pid_t> children;
    for (int i = 0; i < 3; ++i) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        int status = 1;
        try {
          Store store(folder);
          store.add_tenant("tenant" + std::to_string(i), {});
          status = 0;
        } catch (const std::exception& error) {
          std::fputs(error.what(), stderr);
        }
        ::_exit(status);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(Store(folder).tenants().size(), 3u);
  }
}

}  // namespace
}  // namespace serdab::store
