#pragma once

#include "service/store/internal/database.h"

namespace serdab::store::internal {

/// The version of the tables that this program reads and writes.
inline constexpr std::int64_t kSchemaVersion = 1;

/// Makes the tables of a new database; base::Error(kMismatch) for one of another version or of
/// another program.
void prepare_schema(Database& database, const std::string& path);

}  // namespace serdab::store::internal
