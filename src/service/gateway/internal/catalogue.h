#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "service/store/store.h"

namespace serdab::gateway {

/// What the gateway tells of a model: read from its client bundle and its plan, no weights.
struct ModelCard {
  std::string name;
  std::uint32_t version = 0;
  std::string program_id, parameter_id;  ///< hexadecimal
  std::string parameters;                ///< JSON object, of the metadata's "parameters"
  std::uint64_t query_bytes = 0;         ///< no query file is larger
  double seconds = 0;                    ///< predicted for a query
};

/// Cards of the store's models, read once each. Thread safe.
class Catalogue {
 public:
  explicit Catalogue(const store::Store& store) : store_(store) {}
  /// Throws Failure 404 for a model or version that is not there; 0 is the newest.
  std::shared_ptr<const ModelCard> find(const std::string& name, std::uint32_t version);

 private:
  const store::Store& store_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const ModelCard>> cards_;  ///< by program id and name
};

}  // namespace serdab::gateway
