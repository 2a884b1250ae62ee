#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/package.h"
#include "service/store/store.h"
#include "service/wire/file.h"

namespace serdab::store::testing {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

/// y = (w x0 − x1)², at the smallest ring that reaches 128 bits with a relinearisation.
inline program::Package square_package(int weight) {
  program::Package package;
  package.manifest.model = "square";
  package.manifest.input_shape = {2};
  package.manifest.input_elements = {0, 1};
  package.manifest.answer_limit = 100;
  auto& literal = package.parameters;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 12;
  literal.q = ckks_params::choose_primes(literal.ring, 12, {40, 30});
  literal.p = ckks_params::choose_primes(literal.ring, 12, {30}, literal.q);
  literal.digit_primes = 1;
  program::Program& p = package.program;
  p.primes = literal.q;
  p.special_primes = literal.p;
  const base::Scale s{std::exp2(26)}, s1 = s * base::Scale{4};
  const program::Affine affine{{{0, {{1, 2, {4 * weight, -4}}}, {{0, {0, 1}, {0}}}}}, {0}};
  p.values = {
      {program::Input{}, "input", 2, 2, {1}, s, 1},
      {affine, "dense", 1, 2, {1}, s1, 3},
      {program::Square{1}, "dense", 1, 3, {1}, s1 * s1, 9},
      {program::Relinearise{2}, "dense", 1, 2, {1}, s1 * s1, 9},
      {program::Rescale{3, 1}, "dense", 1, 2, {0}, base::rescaled(s1 * s1, p.primes[1]), 9}};
  return package;
}

inline void write(const std::string& path, const Bytes& bytes) { wire::write_file(path, bytes); }

/// As 'serdab compile' would make it.
inline void write_model(const std::string& folder, int weight) {
  fs::create_directories(folder);
  const program::Package package = square_package(weight);
  base::ByteWriter payload;
  program::write(package, payload);
  write(folder + "/program.sdb", wire::seal_payload(wire::FileKind::kProgram, payload.bytes()));
  base::ByteWriter bundle;
  program::write(program::client_bundle(package, wire::sha256(payload.bytes())), bundle);
  write(folder + "/client.sdb", wire::seal_payload(wire::FileKind::kClientBundle, bundle.bytes()));
  write(folder + "/plan.json", {'{', '}'});
}

/// A file of evaluation keys as far as the store looks into it.
struct KeyFile {
  Bytes bytes;
  std::string digest, key_id, parameter_id;
};
inline KeyFile key_file(std::uint8_t key, std::size_t size = 1000, std::uint8_t salt = 0) {
  Bytes payload(48 + size, salt);
  std::fill_n(payload.begin(), 32, std::uint8_t{7});
  std::fill_n(payload.begin() + 32, 16, key);
  KeyFile file;
  file.bytes = wire::seal_payload(wire::FileKind::kEvaluationKeys, payload);
  file.digest = base::to_hex(wire::sha256(file.bytes));
  file.parameter_id = base::to_hex(Bytes(32, 7));
  file.key_id = base::to_hex(Bytes(16, key));
  return file;
}

/// What the gateway does with bytes that arrive.
inline void append(const std::string& path, std::span<const std::uint8_t> bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

inline KeyRecord upload(Store& store, const Tenant& tenant, const KeyFile& file) {
  store.begin_upload(tenant, file.digest, file.bytes.size());
  append(store.layout().upload(tenant.name, file.digest), file.bytes);
  return store.finish_upload(tenant, file.digest);
}

/// Tests move what happened into the past.
inline void sql(const std::string& database, const std::string& statement) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(database.c_str(), &handle), SQLITE_OK);
  sqlite3_busy_timeout(handle, 10'000);
  EXPECT_EQ(sqlite3_exec(handle, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}
inline void age(const std::string& path, Time seconds) {
  const auto old = fs::file_time_type::clock::now() - std::chrono::seconds(seconds);
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      fs::last_write_time(entry.path(), old);
    }
  }
  fs::last_write_time(path, old);
}

inline std::set<std::string> names(const fs::path& folder) {
  std::set<std::string> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    found.insert(entry.path().filename().string());
  }
  return found;
}

/// Every record has its files, whole; and after sweep() nothing else is there, once strays are old.
inline void expect_agreement(Store& store) {
  const Layout& layout = store.layout();
  for (const char* folder : {"jobs", "staging"}) {
    for (const std::string& name : names(layout.root() + "/" + folder)) {
      age(layout.root() + "/" + folder + "/" + name, 7200);
    }
  }
  store.sweep();
  std::set<std::string> key_folders, models;
  for (const Tenant& tenant : store.tenants()) {
    std::set<std::string> digests, jobs;
    for (const KeyRecord& key : store.keys(tenant.name)) {
      const Bytes bytes = wire::read_file(layout.key(tenant.name, key.digest), 1 << 20);
      EXPECT_EQ(base::to_hex(wire::sha256(bytes)), key.digest);
      EXPECT_EQ(bytes.size(), key.bytes);
      digests.insert(key.digest);
    }
    EXPECT_EQ(names(layout.key_folder(tenant.name)), digests);
  }
  std::set<std::string> jobs;
  for (const Tenant& tenant : store.tenants()) {
    for (const JobRecord& job : store.jobs(tenant.name)) jobs.insert(job.id);
  }
  EXPECT_EQ(names(layout.root() + "/jobs"), jobs);
  std::set<std::string> versions, found;
  for (const ModelRecord& model : store.models()) {
    versions.insert(model.name + "/" + std::to_string(model.version));
    const Bytes bytes = wire::read_file(layout.program(model.name, model.version), 1 << 20);
    EXPECT_EQ(base::to_hex(
                  wire::sha256(wire::open_payload(wire::FileKind::kProgram, bytes, "program.sdb"))),
              model.program_id);
    EXPECT_TRUE(fs::exists(layout.client(model.name, model.version)));
    EXPECT_TRUE(fs::exists(layout.plan(model.name, model.version)));
  }
  for (const std::string& name : names(layout.root() + "/models")) {
    for (const std::string& version : names(layout.root() + "/models/" + name)) {
      found.insert(name + "/" + version);
    }
  }
  EXPECT_EQ(found, versions);
  EXPECT_EQ(names(layout.root() + "/staging"), std::set<std::string>{});
  EXPECT_EQ(names(layout.root() + "/trash"), std::set<std::string>{});
}

template <typename F>
void expect_error(base::ErrorCode code, const std::string& part, F&& call) {
  try {
    call();
    ADD_FAILURE() << "accepted; wanted: " << part;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

/// A store in a folder of its own with a tenant 'ada'.
class DataFolder : public ::testing::Test {
 protected:
  DataFolder() {
    static int count = 0;
    root_ = (fs::path(::testing::TempDir()) /
             ("serdab_store_" + std::to_string(::getpid()) + "_" + std::to_string(count++)))
                .string();
    fs::remove_all(root_);
    fs::create_directories(root_);
    open();
    store_->add_tenant("ada", {});
  }
  ~DataFolder() override {
    store_.reset();
    fs::remove_all(root_);
  }

  std::string data() const { return root_ + "/data"; }
  void open() {
    store_.reset();
    store_ = std::make_unique<Store>(data());
  }
  Tenant ada() const { return *store_->tenant("ada"); }
  const Layout& layout() const { return store_->layout(); }
  std::string model_folder(int weight) const {
    const std::string folder = root_ + "/model" + std::to_string(weight);
    if (!fs::exists(folder)) write_model(folder, weight);
    return folder;
  }

  std::string root_;
  std::unique_ptr<Store> store_;
};

}  // namespace serdab::store::testing
