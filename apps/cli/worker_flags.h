#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "service/work/nats_options.h"
#include "service/work/runner.h"

namespace serdab::cli {

/// --key-memory and what else a runner keeps: of verbs that compute for a service.
struct RunnerFlags {
  double key_gigabytes = 4;
  double weight_gigabytes = 0;  ///< 0: what plans reckon with
  double checkpoint_seconds = 30;

  void add(CLI::App* verb);
  work::RunnerLimits limits() const;
};

/// --nats and who one is there.
struct NatsFlags {
  work::NatsOptions given;
  std::string token_file;

  /// Returns --nats itself.
  CLI::Option* add(CLI::App* verb);
  /// With the token read; base::Error names its file.
  work::NatsOptions options(const std::string& name) const;
};

}  // namespace serdab::cli
