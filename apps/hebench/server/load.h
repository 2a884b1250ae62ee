#pragma once

#include "common/files.h"
#include "service/server/job.h"

namespace serdab::hebench {

/// A size's evaluation keys. Throws base::Error for keys that are not there, of other parameters or
/// too few.
server::LoadedKeys load_keys(const server::Model& model, const Files& files);

}  // namespace serdab::hebench
