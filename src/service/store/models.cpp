#include <filesystem>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "networks/program/package.h"
#include "service/store/internal/state.h"
#include "service/wire/file.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using internal::Reading;
using internal::Statement;
using internal::Writing;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kPlanLimit = std::uint64_t{64} << 20;

// The files of a compiled model, checked.
struct Incoming {
  Bytes program, client, plan;
  std::string program_id;

  std::uint64_t bytes() const { return program.size() + client.size() + plan.size(); }
};

Incoming read_folder(const std::string& folder) {
  const std::filesystem::path path(folder);
  const std::string program = (path / "program.sdb").string(),
                    client = (path / "client.sdb").string();
  Incoming files;
  const auto read = [](const std::string& name, wire::FileKind kind) {
    return wire::read_file(name, wire::payload_limit(kind) + wire::kHeaderBytes);
  };
  files.program = read(program, wire::FileKind::kProgram);
  const auto payload = wire::open_payload(wire::FileKind::kProgram, files.program, program);
  const wire::Digest id = wire::sha256(payload);
  files.program_id = base::to_hex(id);
  base::ByteReader program_in(payload, program);
  program::read_package(program_in);
  program_in.finish();
  files.client = read(client, wire::FileKind::kClientBundle);
  base::ByteReader in(wire::open_payload(wire::FileKind::kClientBundle, files.client, client),
                      client);
  const program::ClientBundle bundle = program::read_client_bundle(in);
  in.finish();
  if (bundle.program_id != id) {
    base::fail(ErrorCode::kMismatch, client + ": belongs to program " +
                                         wire::short_id(bundle.program_id) + ", " + program +
                                         " is " + wire::short_id(id) + "; compile the model again");
  }
  files.plan = wire::read_file((path / "plan.json").string(), kPlanLimit);
  return files;
}

// A folder whose files are on disk, under a name of its own.
std::string stage(const std::string& staging, const Incoming& files) {
  const std::string folder = staging + "/" + new_id();
  internal::make_folder(folder);
  try {
    wire::write_file(folder + "/program.sdb", files.program, 0600);
    wire::write_file(folder + "/client.sdb", files.client, 0600);
    wire::write_file(folder + "/plan.json", files.plan, 0600);
    internal::sync_folder(folder);
  } catch (...) {
    internal::remove_tree(folder);
    throw;
  }
  return folder;
}

ModelRecord read_model(const Statement& row) {
  return {row.text(0), static_cast<std::uint32_t>(row.integer(1)), row.text(2),
          static_cast<std::uint64_t>(row.integer(3)), row.integer(4)};
}

std::optional<ModelRecord> newest(internal::Transaction& transaction, const std::string& name) {
  auto row = transaction.query(
      R"(SELECT name, version, program_id, bytes, added FROM models WHERE name=?
         ORDER BY version DESC LIMIT 1)",
      name);
  if (!row.next()) return std::nullopt;
  return read_model(row);
}

std::uint32_t next_version(internal::Transaction& transaction, const std::string& name) {
  auto row = transaction.query(
      R"(INSERT INTO model_versions VALUES(?, 1)
         ON CONFLICT(name) DO UPDATE SET last = last + 1 RETURNING last)",
      name);
  row.next();
  return static_cast<std::uint32_t>(row.integer(0));
}

}  // namespace

ModelRecord Store::add_model(const std::string& name, const std::string& folder) {
  check_name("model", name);
  const Incoming files = read_folder(folder);
  {
    Reading reading(state_->reader);
    const auto last = newest(reading, name);
    if (last && last->program_id == files.program_id) return *last;
  }
  const std::string staged = stage(state_->staging_folder(), files);
  try {
    Writing writing(state_->writer);
    const auto last = newest(writing, name);
    if (last && last->program_id == files.program_id) {
      internal::remove_tree(staged);
      return *last;
    }
    const ModelRecord record{name, next_version(writing, name), files.program_id, files.bytes(),
                             now()};
    const std::string place = layout().model_folder(name, record.version);
    const std::string parent = std::filesystem::path(place).parent_path().string();
    internal::make_folder(parent);
    internal::sync_folder(layout().root() + "/models");
    state_->set_aside(place);  // of somebody who was killed before the record
    internal::move(staged, place);
    internal::sync_folder(parent);
    writing.run("INSERT INTO models VALUES(?,?,?,?,?)", record.name, record.version,
                record.program_id, record.bytes, record.added);
    writing.commit();
    return record;
  } catch (...) {
    internal::remove_tree(staged);
    throw;
  }
}

void Store::remove_model(const std::string& name, std::uint32_t version) {
  check_name("model", name);
  {
    Writing writing(state_->writer);
    if (writing.run("DELETE FROM models WHERE name=? AND version=?", name, version) == 0) {
      base::fail(ErrorCode::kInvalidArgument,
                 "there is no version " + std::to_string(version) + " of a model '" + name + "'");
    }
    if (writing.any("SELECT 1 FROM jobs WHERE model=? AND version=? AND state<?", name, version,
                    JobState::kDone)) {
      base::fail(ErrorCode::kInvalidArgument, "version " + std::to_string(version) + " of '" +
                                                  name +
                                                  "' has unfinished jobs; wait for their end or "
                                                  "remove them");
    }
    writing.commit();
  }
  state_->remove_unless(layout().model_folder(name, version),
                        "SELECT 1 FROM models WHERE name=? AND version=?", name, version);
}

std::vector<ModelRecord> Store::models() const {
  Reading reading(state_->reader);
  auto row = reading.query(
      "SELECT name, version, program_id, bytes, added FROM models ORDER BY name, version");
  std::vector<ModelRecord> models;
  while (row.next()) models.push_back(read_model(row));
  return models;
}

std::optional<ModelRecord> Store::model(const std::string& name, std::uint32_t version) const {
  Reading reading(state_->reader);
  if (version == 0) return newest(reading, name);
  auto row = reading.query(
      "SELECT name, version, program_id, bytes, added FROM models WHERE name=? AND version=?", name,
      version);
  if (!row.next()) return std::nullopt;
  return read_model(row);
}

}  // namespace serdab::store
