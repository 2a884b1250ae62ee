// Any bytes as a data file of each format, by way of a temporary file.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/base/error.h"
#include "networks/datasets/named/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace serdab;
  const std::string stem =
      (std::filesystem::temp_directory_path() / ("serdab_fuzz_" + std::to_string(::getpid())))
          .string();
  for (const char* extension : {".png", ".npy", ".csv", ".bin", ".idx"}) {
    const std::string path = stem + extension;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    try {
      datasets::load_file(path, {1, 8, 8});
    } catch (const base::Error&) {
    }
    std::filesystem::remove(path);
  }
  return 0;
}
