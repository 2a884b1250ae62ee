#pragma once

#include <memory>
#include <string>

#include "common.h"
#include "service/remote/session.h"

namespace serdab::cli::remote {

/// Which service, and who asks: options of the group 'remote', or the environment.
struct Address {
  std::string url, token_file, ca_file;
  double patience_seconds = 60;

  /// Reads the token; base::Error says what is missing.
  std::unique_ptr<serdab::remote::Session> session() const;
};

/// Each adds a verb of the group.
void add_models(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_fetch(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_keys(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_infer(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_classify(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_batch(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_jobs(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);
void add_train(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address);

}  // namespace serdab::cli::remote
