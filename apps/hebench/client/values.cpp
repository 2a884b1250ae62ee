#include "client/values.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"

namespace serdab::hebench {
namespace {

using base::ErrorCode;

// Walks over the text of a table.
class Cursor {
 public:
  Cursor(std::span<const std::uint8_t> text, const std::string& name)
      : at_(reinterpret_cast<const char*>(text.data())), end_(at_ + text.size()), name_(name) {}

  bool done() const { return at_ == end_; }
  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool at_line_end() const { return at_ == end_ || *at_ == '\n'; }

  float number(std::size_t line, std::size_t column) {
    float value = 0;
    const auto [stop, error] = std::from_chars(at_, end_, value);
    const bool delimited = stop == end_ || std::strchr(" \t\r\n", *stop) != nullptr;
    if (error != std::errc() || !delimited || !std::isfinite(value)) {
      base::fail(ErrorCode::kCorrupt, name_ + ": line " + std::to_string(line + 1) + ", value " +
                                          std::to_string(column + 1) + ": is not a number");
    }
    at_ = stop;
    return value;
  }
  void next_line() {
    if (at_ != end_) ++at_;
  }

 private:
  const char* at_;
  const char* end_;
  const std::string& name_;
};

[[noreturn]] void wrong_count(const std::string& name, const std::string& what, std::size_t found,
                              std::size_t wanted) {
  base::fail(ErrorCode::kCorrupt, name + ": has " + std::to_string(found) + " " + what + ", not " +
                                      std::to_string(wanted));
}

}  // namespace

template <typename T>
std::vector<T> from_bytes(std::span<const std::uint8_t> bytes, std::size_t rows,
                          std::size_t columns, const std::string& name) {
  std::vector<T> values(rows * columns);
  const std::size_t wanted = values.size() * sizeof(T);
  if (bytes.size() != wanted) wrong_count(name, "bytes", bytes.size(), wanted);
  std::memcpy(values.data(), bytes.data(), wanted);
  return values;
}
template std::vector<float> from_bytes(std::span<const std::uint8_t>, std::size_t, std::size_t,
                                       const std::string&);
template std::vector<double> from_bytes(std::span<const std::uint8_t>, std::size_t, std::size_t,
                                        const std::string&);

std::vector<float> parse_table(std::span<const std::uint8_t> text, std::size_t rows,
                               std::size_t columns, const std::string& name) {
  std::vector<float> values;
  values.reserve(rows * columns);
  std::size_t lines = 0;
  for (Cursor cursor(text, name); !cursor.done(); cursor.next_line()) {
    std::size_t found = 0;
    for (cursor.skip_blanks(); !cursor.at_line_end(); cursor.skip_blanks()) {
      const float value = cursor.number(lines, found);
      if (lines < rows && found < columns) values.push_back(value);
      ++found;
    }
    if (found == 0) continue;
    if (found != columns) {
      wrong_count(name + ": line " + std::to_string(lines + 1), "values", found, columns);
    }
    ++lines;
  }
  if (lines != rows) wrong_count(name, "lines", lines, rows);
  return values;
}

}  // namespace serdab::hebench
