#pragma once

#include <string>

namespace serdab::work {

/// How a NATS server with JetStream is reached.
struct NatsOptions {
  std::string url;               ///< nats://host:4222, tls://host:4222; several by commas
  std::string name;              ///< as the server shows this process
  std::string credentials_file;  ///< of a user, JWT and seed; none if empty
  std::string token;             ///< none if empty
  std::string ca_file;           ///< certificates to trust, PEM; the system's if empty
  std::string certificate_file;  ///< this process's own, PEM, with its key; none if empty
  std::string key_file;
};

}  // namespace serdab::work
