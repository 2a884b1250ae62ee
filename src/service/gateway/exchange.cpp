#include "service/gateway/internal/exchange.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"

namespace serdab::gateway {
namespace {

[[noreturn]] void too_large(std::uint64_t most) {
  refuse(413, "size",
         "the body is larger than the " + std::to_string(most) + " bytes that are taken here");
}

/// Of a file, what a Range header asks for.
struct Part {
  std::size_t first = 0, size = 0;
  bool whole = true;
};

// One range is understood; without, and with several, it is the whole. HttpServer has kept the
// header from the library, which would not look where a body ends.
Part part_of(std::string_view range, std::size_t size, httplib::Response& response) {
  constexpr std::string_view kUnit = "bytes=";
  constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
  if (range.substr(0, kUnit.size()) != kUnit || range.find(',') != range.npos) return {0, size};
  range.remove_prefix(kUnit.size());
  const std::size_t dash = range.find('-');
  if (dash == range.npos) return {0, size};
  const std::string_view from = range.substr(0, dash), to = range.substr(dash + 1);
  std::uint64_t first = 0, end = size;
  if (from.empty()) {
    first = size - std::min<std::uint64_t>(size, read_number("Range", to, kMost));
  } else {
    first = read_number("Range", from, kMost);
    if (!to.empty()) end = std::min<std::uint64_t>(size, read_number("Range", to, kMost) + 1);
  }
  if (first >= end) {
    response.set_header("Content-Range", "bytes */" + std::to_string(size));
    refuse(416, "range", "there are " + std::to_string(size) + " bytes");
  }
  response.set_header("Content-Range", "bytes " + std::to_string(first) + "-" +
                                           std::to_string(end - 1) + "/" + std::to_string(size));
  return {first, end - first, false};
}

// Closed with the response.
class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return fd_ >= 0; }
  std::size_t size() const {
    struct stat info {};
    return ::fstat(fd_, &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
  }
  ssize_t read(char* to, std::size_t size, std::size_t offset) const {
    return ::pread(fd_, to, size, static_cast<off_t>(offset));
  }

 private:
  int fd_;
};

}  // namespace

bool Exchange::body_waits() const {
  if (body_read_) return false;
  return request.has_header("Transfer-Encoding") ||
         (request.has_header("Content-Length") &&
          request.get_header_value("Content-Length") != "0");
}

std::uint64_t Exchange::content_length(std::uint64_t most) const {
  if (request.has_header("Content-Encoding")) {
    refuse(415, "encoding", "Content-Encoding is not understood: ciphertexts do not compress");
  }
  if (!request.has_header("Content-Length")) {
    refuse(411, "length", "Content-Length is missing");
  }
  const std::uint64_t length = read_number(
      "Content-Length", request.get_header_value("Content-Length"), std::uint64_t{1} << 50);
  if (length > most) too_large(most);
  return length;
}

void Exchange::read_body(std::uint64_t most,
                         const std::function<void(const char*, std::size_t)>& sink) {
  const std::uint64_t length = content_length(most);
  body_read_ = length == 0;
  if (length == 0) return;
  std::exception_ptr failure;
  const bool whole = (*content_)([&](const char* data, std::size_t size) {
    body_bytes_ += size;
    if (body_bytes_ > length) return false;
    try {
      sink(data, size);
    } catch (...) {
      failure = std::current_exception();
      return false;
    }
    return true;
  });
  if (failure) std::rethrow_exception(failure);
  if (!whole || body_bytes_ != length) {
    refuse(400, "cut",
           "the body ended after " + std::to_string(body_bytes_) + " of " + std::to_string(length) +
               " bytes");
  }
  body_read_ = true;
}

std::vector<std::uint8_t> Exchange::read_body(std::uint64_t most) {
  std::vector<std::uint8_t> body;
  // Memory is taken as bytes arrive, never by what a header promises.
  read_body(most, [&](const char* data, std::size_t size) {
    body.insert(body.end(), data, data + size);
  });
  return body;
}

std::string Exchange::read_json_body() {
  const auto body = read_body(kMostJson);
  return {body.begin(), body.end()};
}

void Exchange::answer_json(int status, const std::string& json) {
  response.status = status;
  response.set_content(json + "\n", "application/json");
}

// As a body, not by a provider: those are cut off when the server begins to stop.
void Exchange::answer_bytes(std::vector<std::uint8_t>&& bytes, const char* type) {
  response.status = 200;
  response.set_content(reinterpret_cast<const char*>(bytes.data()), bytes.size(), type);
}

void Exchange::answer_file(const std::string& path_name, const char* type) {
  const auto file = std::make_shared<File>(path_name);
  if (!file->is_open()) refuse(404, "missing", "there is nothing here yet");
  const Part part = part_of(request.get_header_value("Range"), file->size(), response);
  response.status = part.whole ? 200 : 206;
  response.set_content_provider(
      part.size, type,
      [file, part](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::array<char, 65536> buffer;
        const ssize_t n =
            file->read(buffer.data(), std::min(length, buffer.size()), part.first + offset);
        return n > 0 && sink.write(buffer.data(), static_cast<std::size_t>(n));
      });
}

}  // namespace serdab::gateway
