#pragma once

#include <functional>

#include "common/files.h"

namespace serdab::hebench {

/// The main function of a stage that takes SIZE. Threads: as many as SERDAB_THREADS says, else all
/// cores. Errors go to standard error after the stage's name. Exit status: 0 done, 1 failed, 2
/// wrong arguments.
int run_stage(int argc, char** argv, const std::function<void(const Files&)>& body);

/// The same for a stage without arguments.
int run_stage_for_all(int argc, char** argv, const std::function<void()>& body);

}  // namespace serdab::hebench
