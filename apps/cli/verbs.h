#pragma once

#include "common.h"

namespace serdab::cli {

/// Each adds one verb with its options, help and action.
void add_compile(CLI::App& app, Globals& globals);
void add_plan(CLI::App& app, Globals& globals);
void add_keygen(CLI::App& app, Globals& globals);
void add_passphrase(CLI::App& app, Globals& globals);
void add_encrypt(CLI::App& app, Globals& globals);
void add_decrypt(CLI::App& app, Globals& globals);
void add_evaluate(CLI::App& app, Globals& globals);
void add_data(CLI::App& app, Globals& globals);
void add_activation(CLI::App& app, Globals& globals);
void add_bench(CLI::App& app, Globals& globals);
/// A group of verbs: 'remote'.
void add_remote(CLI::App& app, Globals& globals);

}  // namespace serdab::cli
