#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "networks/program/package.h"
#include "service/wire/message.h"

namespace serdab::server {

/// A program ready to serve: parameters checked against the security table, tables built.
/// Immutable; const access may be shared.
class Model {
 public:
  /// From a program file. Throws base::Error, naming `path`, for files that are not a program or
  /// whose parameters are refused.
  static Model load(const std::string& path);

  const program::Package& package() const { return package_; }
  const program::ProgramId& id() const { return id_; }
  const ckks::Context& context() const { return *context_; }

 private:
  Model() = default;
  program::Package package_;
  program::ProgramId id_{};
  std::unique_ptr<ckks::Context> context_;
};

/// How a job is run.
struct JobOptions {
  std::function<void(double)> progress;  ///< share of the work done, between waves
  std::function<bool()> stop;      ///< asked between waves; true ends the job with kInterrupted
  std::string checkpoint_path;     ///< where state is kept; none if empty
  double checkpoint_seconds = 60;  ///< how often it is written
};

/// What a job took.
struct JobReport {
  std::vector<std::uint8_t> answer;  ///< payload
  std::size_t images = 0;
  double seconds = 0;               ///< from unpacking the query to the packed answer
  std::size_t peak_pool_bytes = 0;  ///< residue memory
  bool resumed = false;
};

/// Computes the answer to a query without any secret key. A checkpoint of the same program and
/// query is taken up; one of another is refused; it is removed when the job is done. Throws
/// base::Error that names query or keys for bytes that are wrong. Uses all threads allowed.
JobReport run_job(const Model& model, const wire::EvaluationKeys& keys,
                  const std::string& keys_name, std::span<const std::uint8_t> query_payload,
                  const std::string& query_name, const JobOptions& options = {});

}  // namespace serdab::server
