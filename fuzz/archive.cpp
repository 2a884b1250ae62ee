// Any bytes as the archives that data sets are downloaded in.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/base/error.h"
#include "networks/datasets/formats/cifar.h"
#include "networks/datasets/formats/idx.h"
#include "networks/datasets/formats/tar.h"
#include "networks/datasets/formats/zip.h"

namespace {

template <typename F>
void attempt(F&& f) {
  try {
    f();
  } catch (const serdab::base::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace serdab;
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("serdab_fuzz_archive_" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  attempt([&] { datasets::read_zip(path); });
  attempt([&] { datasets::read_tar(datasets::read_bytes(path), {"a.bin", "b.bin"}, "fuzz"); });
  attempt([&] { datasets::read_cifar(path); });
  attempt([&] { datasets::read_idx_images(path); });
  attempt([&] { datasets::read_idx_labels(path); });
  std::filesystem::remove(path);
  return 0;
}
