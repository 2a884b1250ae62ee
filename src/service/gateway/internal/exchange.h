#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "service/gateway/internal/connection.h"
#include "service/store/store.h"

namespace serdab::gateway {

/// One request and its response, as handlers see them. What goes wrong is thrown as Failure or
/// base::Error before anything has been answered.
class Exchange {
 public:
  Exchange(const httplib::Request& from, httplib::Response& to,
           const httplib::ContentReader* content)
      : request(from), response(to), content_(content) {}

  const httplib::Request& request;
  httplib::Response& response;
  std::map<std::string, std::string> path;  ///< by name in the route's template
  store::Tenant tenant;                     ///< of routes that want a token

  const std::string& at(const char* name) const { return path.at(name); }
  /// Of the body; Failure 411 without, 413 beyond `most`, 415 for an encoded body.
  std::uint64_t content_length(std::uint64_t most) const;
  /// The whole body; Failure 413 beyond `most`, before it is read where its length is announced.
  std::vector<std::uint8_t> read_body(std::uint64_t most);
  std::string read_json_body();
  /// Hands the body on piece by piece; Failure 400 if it ends early (`sink` has had what came).
  void read_body(std::uint64_t most, const std::function<void(const char*, std::size_t)>& sink);
  std::uint64_t body_bytes() const { return body_bytes_; }
  /// Whether there is a body that nobody has read.
  bool body_waits() const;

  void answer_json(int status, const std::string& json);
  void answer_bytes(std::vector<std::uint8_t>&& bytes, const char* type);
  /// A file of the server's, as it is.
  void answer_file(const std::string& path, const char* type);
  void no_content() { response.status = 204; }

 private:
  const httplib::ContentReader* content_;
  std::uint64_t body_bytes_ = 0;
  bool body_read_ = false;
};

}  // namespace serdab::gateway
