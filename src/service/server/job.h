#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "networks/program/package.h"
#include "networks/program/prepared_weights.h"
#include "networks/runtime/executor.h"
#include "service/wire/message.h"

namespace serdab::server {

/// A program ready to serve: parameters checked against the security table, tables built, weights
/// encoded. Immutable; const access may be shared.
class Model {
 public:
  /// From a program file. Encoded weights take at most `max_plaintext_bytes` of memory (those of a
  /// packed program; beyond, they are encoded whenever they are used). Throws base::Error, naming
  /// `path`, for files that are not a program or whose parameters are refused.
  static Model load(const std::string& path,
                    std::size_t max_plaintext_bytes = program::kPreparedWeightBytes);

  const program::Package& package() const { return *package_; }
  const program::ProgramId& id() const { return id_; }
  const ckks::Context& context() const { return *context_; }
  const runtime::Prepared& prepared() const { return *prepared_; }
  /// Seconds that encoding the weights took.
  double prepare_seconds() const { return prepare_seconds_; }

 private:
  Model() = default;
  std::unique_ptr<const program::Package> package_;
  program::ProgramId id_{};
  std::unique_ptr<const ckks::Context> context_;
  std::unique_ptr<const runtime::Prepared> prepared_;
  double prepare_seconds_ = 0;
};

/// A client's evaluation keys, expanded for a model: loaded once, used by all its jobs. Immutable;
/// const access may be shared.
class LoadedKeys {
 public:
  /// Throws base::Error(kMismatch), naming `name`, when a key that the model needs is missing or
  /// does not reach its level.
  LoadedKeys(const Model& model, wire::EvaluationKeys&& keys, const std::string& name);

  const ckks::KeyId& key_id() const { return key_id_; }
  const runtime::Keys& keys() const { return keys_; }

 private:
  ckks::KeyId key_id_;
  runtime::Keys keys_;
};

/// How a job is run.
struct JobOptions {
  std::function<void(double)> progress;  ///< share of the work done, between waves
  std::function<bool()> stop;  ///< asked between waves; true ends the job with kInterrupted
  /// Asked once the job is stopped: true leaves no state, for nobody will go on with it. Empty:
  /// state is kept.
  std::function<bool()> abandoned;
  std::string checkpoint_path;     ///< where state is kept; none if empty
  double checkpoint_seconds = 60;  ///< how often it is written, at most one part in 25 of the time,
                                   ///< but every ten minutes; 0: after every wave
};

/// What a job took.
struct JobReport {
  std::vector<std::uint8_t> answer;  ///< payload
  std::size_t images = 0;
  double seconds = 0;            ///< from unpacking the query to the packed answer
  double processor_seconds = 0;  ///< the same of the calling thread: with one thread, all of it
  program::ByWork<double> work_seconds;  ///< processor seconds; done here, as `operations`
  std::size_t peak_pool_bytes = 0;       ///< residue memory
  bool resumed = false;
  program::OperationCounts operations;  ///< done here, not before an interruption
};

/// Computes the answer to a query without any secret key; the keys are those loaded for this model.
/// A checkpoint of the same program and query is taken up; one of another is refused; it is removed
/// when the job is done. Throws base::Error that names the query for bytes that are wrong. Uses all
/// threads allowed.
JobReport run_job(const Model& model, const LoadedKeys& keys,
                  std::span<const std::uint8_t> query_payload, const std::string& query_name,
                  const JobOptions& options = {});

}  // namespace serdab::server
