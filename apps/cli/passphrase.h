#pragma once

#include <string>

#include "common.h"
#include "service/client/secret_file.h"

namespace serdab::cli {

/// --passphrase-file, of verbs that read a secret key.
void add_passphrase_file(CLI::App* verb, std::string& file);

/// The first line of the file; without a file, what somebody types at the terminal. base::Error
/// that says what to give when there is neither.
client::PassphraseSource passphrase_source(const std::string& file);

/// A new one: the first line of `file`, or typed twice. `what` it is for.
client::SecretBytes new_passphrase(const std::string& file, const std::string& what);

}  // namespace serdab::cli
