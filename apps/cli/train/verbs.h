#pragma once

#include "common.h"

namespace serdab::cli {

/// 'train', under which the verbs below stand.
CLI::App* add_train_group(CLI::App& app);

/// Each adds one verb of 'train'. Step needs no secret key: serdab-server has it, and no other.
void add_train_step(CLI::App& train, Globals& globals);
void add_train_init(CLI::App& train, Globals& globals);
void add_train_refresh(CLI::App& train, Globals& globals);
void add_train_export(CLI::App& train, Globals& globals);
void add_train_run(CLI::App& train, Globals& globals);

}  // namespace serdab::cli
