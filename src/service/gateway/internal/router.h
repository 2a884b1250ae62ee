#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "service/gateway/internal/exchange.h"

namespace serdab::gateway {

/// Who may call a route.
enum class Access : std::uint8_t { kOpen, kTenant };

struct Route {
  std::string method;
  std::string path;  ///< template: "/v2/models/{model}/infer"
  Access access = Access::kTenant;
  std::function<void(Exchange&)> handle;
};

/// Routes by template. Immutable once it serves.
class Router {
 public:
  void add(std::string method, std::string path, Access access,
           std::function<void(Exchange&)> handle);
  const std::vector<Route>& routes() const { return routes_; }

  struct Found {
    const Route* route = nullptr;             ///< null: none
    std::map<std::string, std::string> path;  ///< parts by name
    std::string allowed;  ///< methods of this path, where only the method is wrong
  };
  /// HEAD finds what GET does, unless it has a route of its own.
  Found find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace serdab::gateway
