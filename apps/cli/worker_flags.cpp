#include "worker_flags.h"

#include "common.h"
#include "token_file.h"

namespace serdab::cli {

void RunnerFlags::add(CLI::App* verb) {
  verb->add_option("--key-memory", key_gigabytes,
                   "GB that evaluation keys may take; those used longest ago go")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_weight_memory(verb, weight_gigabytes);
  verb->add_option("--checkpoint-seconds", checkpoint_seconds,
                   "How often the state of a chunk or step is stored")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

work::RunnerLimits RunnerFlags::limits() const {
  work::RunnerLimits limits;
  limits.key_bytes = static_cast<std::size_t>(key_gigabytes * 1e9);
  limits.weight_bytes = weight_memory_bytes(weight_gigabytes);
  limits.checkpoint_seconds = checkpoint_seconds;
  return limits;
}

CLI::Option* NatsFlags::add(CLI::App* verb) {
  CLI::Option* url = verb->add_option("--nats", given.url,
                                      "nats://HOST:4222 or tls://HOST:4222; several by commas");
  verb->add_option("--nats-credentials", given.credentials_file, "File of a NATS user")
      ->check(CLI::ExistingFile);
  verb->add_option("--nats-token", token_file, "File that holds a NATS token")
      ->check(CLI::ExistingFile);
  verb->add_option("--nats-ca", given.ca_file, "Certificates to trust, PEM")
      ->check(CLI::ExistingFile);
  CLI::Option* certificate =
      verb->add_option("--nats-cert", given.certificate_file, "This process's certificate, PEM")
          ->check(CLI::ExistingFile);
  CLI::Option* key =
      verb->add_option("--nats-key", given.key_file, "Its key, PEM")->check(CLI::ExistingFile);
  certificate->needs(key);
  key->needs(certificate);
  return url;
}

work::NatsOptions NatsFlags::options(const std::string& name) const {
  work::NatsOptions options = given;
  options.name = name;
  if (!token_file.empty()) options.token = read_token_file(token_file);
  return options;
}

}  // namespace serdab::cli
