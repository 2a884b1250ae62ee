#include "oracle_files.h"

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "engine/base/error.h"

namespace serdab::oracle {

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  base::require(in.good(), base::ErrorCode::kIo, "oracle: a file is missing");
  return Bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

void write_file(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  base::require(out.good(), base::ErrorCode::kIo, "oracle: a file cannot be written");
}

std::vector<double> read_doubles(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  std::vector<double> values(bytes.size() / sizeof(double));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(double));
  return values;
}

void write_doubles(const std::filesystem::path& path, const std::vector<double>& values) {
  Bytes bytes(values.size() * sizeof(double));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  write_file(path, bytes);
}

bool seal_is_installed() {
  return std::filesystem::exists(std::filesystem::path(ORACLE_DIR) / "node_modules" /
                                 "node-seal") &&
         std::system("node --version >/dev/null 2>&1") == 0;
}

bool run_node(const std::string& script, const std::filesystem::path& folder) {
  const std::string command = "cd '" ORACLE_DIR "' && node '" ORACLE_SOURCE_DIR "/" + script +
                              "' '" + folder.string() + "'";
  return std::system(command.c_str()) == 0;
}

}  // namespace serdab::oracle
