#include <nlohmann/json.hpp>

#include "service/gateway/internal/append_file.h"
#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"

namespace serdab::gateway {

Uploads::Hold::Hold(Uploads& uploads, std::string what)
    : uploads_(uploads), what_(std::move(what)) {
  const std::lock_guard lock(uploads_.mutex_);
  if (uploads_.held_.insert(what_).second) return;
  throw Failure::busy(409, "busy", "another request is uploading this file", 2);
}

Uploads::Hold::~Hold() {
  const std::lock_guard lock(uploads_.mutex_);
  uploads_.held_.erase(what_);
}

bool take_upload(Exchange& exchange, const std::string& path, std::uint64_t most,
                 const std::function<void(std::uint64_t total, std::uint64_t first)>& begin) {
  const std::uint64_t length = exchange.content_length(most);
  ContentRange range{0, length - 1, length};
  if (length == 0) refuse(400, "invalid", "the body is empty");
  if (exchange.request.has_header("Content-Range")) {
    range = read_content_range(exchange.request.get_header_value("Content-Range"));
    if (range.size() != length) {
      refuse(400, "invalid", "Content-Range: is not as long as the body");
    }
  }
  if (range.total > most) {
    refuse(413, "size", "files here have at most " + std::to_string(most) + " bytes");
  }
  begin(range.total, range.first);
  AppendFile file(path);
  if (file.size() == range.total) return true;  // cut off between the last byte and what follows
  if (file.size() != range.first) {
    exchange.response.set_header("Upload-Offset", std::to_string(file.size()));
    refuse(409, "offset",
           std::to_string(file.size()) + " bytes of this file have arrived; go on from there");
  }
  exchange.read_body(length, [&](const char* data, std::size_t size) { file.write(data, size); });
  file.sync();
  if (file.size() == range.total) return true;
  exchange.response.set_header("Upload-Offset", std::to_string(file.size()));
  exchange.answer_json(202,
                       nlohmann::json{{"received", file.size()}, {"total", range.total}}.dump());
  return false;
}

}  // namespace serdab::gateway
