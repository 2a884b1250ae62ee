#pragma once

#include "common.h"

namespace serdab::cli {

/// 'admin': tenants, tokens, models, keys and jobs of a server's data folder. Needs no secret key.
void add_admin(CLI::App& app, Globals& globals);

}  // namespace serdab::cli
