#include "networks/datasets/formats/tar.h"

#include <algorithm>

namespace serdab::datasets {
namespace {

constexpr std::size_t kBlock = 512;

/// An octal number field; anything else ends the number.
std::size_t octal(const std::uint8_t* at, std::size_t width) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (at[i] == ' ' && value == 0) continue;
    if (at[i] < '0' || at[i] > '7') break;
    value = value * 8 + (at[i] - '0');
  }
  return value;
}

std::string last_component(const std::uint8_t* header) {
  const std::string path(reinterpret_cast<const char*>(header),
                         static_cast<std::size_t>(std::find(header, header + 100, 0) - header));
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

std::map<std::string, Bytes> read_tar(const Bytes& archive, const std::vector<std::string>& wanted,
                                      const std::string& name) {
  std::map<std::string, Bytes> files;
  for (std::size_t at = 0; at + kBlock <= archive.size();) {
    const std::uint8_t* header = archive.data() + at;
    if (header[0] == 0) break;
    const std::size_t size = octal(header + 124, 12);
    at += kBlock;
    if (size > archive.size() - at) corrupt(name, "the tar archive is cut short");
    const std::string file = last_component(header);
    const bool regular = header[156] == '0' || header[156] == 0;
    if (regular && std::count(wanted.begin(), wanted.end(), file) > 0) {
      const auto begin = archive.begin() + static_cast<std::ptrdiff_t>(at);
      files[file] = Bytes(begin, begin + static_cast<std::ptrdiff_t>(size));
    }
    at += (size + kBlock - 1) / kBlock * kBlock;
  }
  return files;
}

}  // namespace serdab::datasets
