#include "token_file.h"

#include "engine/base/error.h"
#include "service/wire/file.h"

namespace serdab::cli {

std::string read_token_file(const std::string& file) {
  constexpr std::uint64_t kMostBytes = 4096;
  const auto bytes = wire::read_file(file, kMostBytes);
  std::string token(bytes.begin(), bytes.end());
  token.erase(token.find_last_not_of(" \r\n\t") + 1);
  if (token.empty()) base::fail(base::ErrorCode::kInvalidArgument, file + ": holds no token");
  return token;
}

}  // namespace serdab::cli
