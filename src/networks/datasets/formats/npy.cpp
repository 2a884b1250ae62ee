#include "networks/datasets/formats/npy.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

struct Header {
  std::string descr;
  Shape shape;
  std::size_t data = 0;  ///< where the values begin
};

/// The text after 'key': in the header's dictionary.
std::string_view field(std::string_view text, const std::string& key,
                       const std::filesystem::path& file) {
  const std::size_t at = text.find("'" + key + "'");
  const std::size_t colon = at == std::string_view::npos ? at : text.find(':', at);
  if (colon == std::string_view::npos) corrupt(file, "the npy header has no '" + key + "'");
  text.remove_prefix(colon + 1);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

Shape parse_shape(std::string_view text, const std::filesystem::path& file) {
  const std::size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == std::string_view::npos) {
    corrupt(file, "the npy header's 'shape' is no tuple");
  }
  Shape shape;
  std::size_t total = 1;
  const char* at = text.data() + 1;
  const char* stop = text.data() + end;
  while (at < stop) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    std::size_t extent = 0;
    const auto [next, status] = std::from_chars(at, stop, extent);
    if (status != std::errc() || extent == 0 || extent > kMaxFileBytes ||
        (total *= extent) > kMaxFileBytes || shape.size() == 8) {
      corrupt(file,
              "the npy header's 'shape' is not usable: " + std::string(text.substr(0, end + 1)));
    }
    shape.push_back(extent);
    at = next;
  }
  return shape;
}

Header parse_header(const Bytes& bytes, const std::filesystem::path& file) {
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) {
    corrupt(file, "is no npy file (magic number)");
  }
  const int version = bytes[6];
  if (version < 1 || version > 3) corrupt(file, "npy version " + std::to_string(version));
  std::size_t length = bytes[8] | (std::size_t{bytes[9]} << 8), begin = 10;
  if (version > 1) {
    length |= (std::size_t{bytes[10]} << 16) | (std::size_t{bytes[11]} << 24);
    begin = 12;
  }
  if (length > 65536 || begin + length > bytes.size()) corrupt(file, "the npy header is cut short");
  const std::string_view text = as_text(bytes).substr(begin, length);
  if (!field(text, "fortran_order", file).starts_with("False")) {
    corrupt(file, "the array is in Fortran order; save it with numpy.ascontiguousarray");
  }
  const std::string_view descr = field(text, "descr", file);
  const std::size_t quote = descr.size() > 1 ? descr.find('\'', 1) : std::string_view::npos;
  if (quote == std::string_view::npos || descr[0] != '\'') {
    corrupt(file, "the npy header's 'descr' is no string; tables of mixed types are not read");
  }
  return {std::string(descr.substr(1, quote - 1)), parse_shape(field(text, "shape", file), file),
          begin + length};
}

template <typename T>
std::vector<double> convert(const Bytes& bytes, const Header& header,
                            const std::filesystem::path& file) {
  const std::size_t count = element_count(header.shape);
  const std::size_t present = bytes.size() - header.data;
  if (present != count * sizeof(T)) {
    corrupt(file, "holds " + std::to_string(present) + " bytes of values where its shape " +
                      to_string(header.shape) + " says " + std::to_string(count * sizeof(T)));
  }
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes.data() + header.data + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
    if (!std::isfinite(values[i])) {
      corrupt(file, "value " + std::to_string(i) + " is not a finite number");
    }
  }
  return values;
}

}  // namespace

NpyArray read_npy_array(const Bytes& bytes, const std::filesystem::path& file) {
  const Header header = parse_header(bytes, file);
  const std::string& descr = header.descr;
  if (descr == "|u1") return {header.shape, convert<std::uint8_t>(bytes, header, file), true};
  if (descr == "<f4") return {header.shape, convert<float>(bytes, header, file), false};
  if (descr == "<f8") return {header.shape, convert<double>(bytes, header, file), false};
  if (descr == "<i4") return {header.shape, convert<std::int32_t>(bytes, header, file), false};
  if (descr == "<i8") return {header.shape, convert<std::int64_t>(bytes, header, file), false};
  base::fail(base::ErrorCode::kUnsupported,
             file.string() + ": values of type '" + descr +
                 "'; save the array as uint8, float32 or float64, little-endian");
}

Images read_npy(const std::filesystem::path& file, const Shape& expected) {
  const NpyArray array = read_npy_array(read_bytes(file), file);
  Images images{array.shape, {}, {}};
  const bool single = array.shape.size() <= 1 || array.values.size() == element_count(expected);
  if (!single) images.shape.erase(images.shape.begin());
  while (images.shape.size() > 3 && images.shape[0] == 1) images.shape.erase(images.shape.begin());
  if (images.shape.empty()) images.shape = {1};
  images.pixels.reserve(array.values.size());
  for (double value : array.values) {
    images.pixels.push_back(static_cast<float>(array.bytes ? value / 255.0 : value));
  }
  return images;
}

}  // namespace serdab::datasets
