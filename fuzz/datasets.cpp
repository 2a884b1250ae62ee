// Any bytes as each kind of data file; the first byte chooses which.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/error.h"
#include "networks/datasets/formats/cifar.h"
#include "networks/datasets/formats/csv.h"
#include "networks/datasets/formats/idx.h"
#include "networks/datasets/formats/npy.h"
#include "networks/datasets/formats/png.h"
#include "networks/datasets/formats/tar.h"
#include "networks/datasets/formats/zip.h"

namespace {

using namespace serdab::datasets;

void read(std::uint8_t kind, const std::filesystem::path& file) {
  switch (kind % 8) {
    case 0:
      read_idx_images(file);
      break;
    case 1:
      read_idx_labels(file);
      break;
    case 2:
      read_npy(file, {1, 8, 8});
      break;
    case 3:
      read_cifar(file);
      break;
    case 4:
      read_csv(file);
      break;
    case 5:
      read_png(file, 1);
      break;
    case 6:
      read_zip(file, std::size_t{1} << 24);
      break;
    default:
      read_tar(read_bytes(file, std::size_t{1} << 24), {"a.bin"}, "fuzz");
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const int file = memfd_create("fuzz", 0);
  if (file < 0 || ftruncate(file, 0) != 0) return 0;
  if (pwrite(file, data + 1, size - 1, 0) != static_cast<ssize_t>(size - 1)) return 0;
  try {
    read(data[0], "/proc/self/fd/" + std::to_string(file));
  } catch (const serdab::base::Error&) {
  }
  return 0;
}
