#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "service/client/keys.h"
#include "service/client/query.h"
#include "service/server/job.h"
#include "service/store/layout.h"
#include "service/work/task.h"

namespace serdab {

/// A tenant's keys; the evaluation keys lie on the server under their digest.
struct TestClient {
  std::string tenant;
  std::string digest;
  std::unique_ptr<client::KeyPair> keys;
};

/// A data folder with the digits network, compiled once for the process at 128 bits, and what
/// clients leave in it. Gone with the object.
class ServiceFolder {
 public:
  ServiceFolder();
  ~ServiceFolder();
  ServiceFolder(const ServiceFolder&) = delete;
  ServiceFolder& operator=(const ServiceFolder&) = delete;

  const store::Layout& layout() const { return layout_; }

  TestClient add_client(const std::string& tenant) const;
  /// Puts a query of so many images in place.
  work::Task add_query(const TestClient& client, work::TaskKind kind, const std::string& job,
                       std::uint32_t chunk, std::size_t images) const;
  /// As the store does it, which moves the folder away first: a worker may be writing there.
  void remove_job(const std::string& job) const;
  /// A task without any folder: it ends as cancelled at once.
  static work::Task nothing(work::TaskKind kind, const std::string& tenant);

  std::vector<std::uint8_t> answer(const work::Task& task) const;
  /// Whether the answer decrypts to what the network says of these images in the clear.
  bool answer_is_right(const TestClient& client, const work::Task& task, std::size_t images) const;

 private:
  store::Layout layout_;
};

}  // namespace serdab
