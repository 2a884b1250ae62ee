#include "service/gateway/internal/router.h"

#include <optional>

namespace serdab::gateway {
namespace {

std::vector<std::string_view> parts(std::string_view path) {
  std::vector<std::string_view> result;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = path.find('/');
    result.push_back(path.substr(0, end));
    path = end == path.npos ? std::string_view() : path.substr(end);
  }
  return result;
}

std::optional<std::map<std::string, std::string>> match(std::string_view wanted,
                                                        std::string_view path) {
  const auto names = parts(wanted);
  const auto found = parts(path);
  if (names.size() != found.size()) return std::nullopt;
  std::map<std::string, std::string> result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && names[i].front() == '{') {
      if (found[i].empty()) return std::nullopt;
      result.emplace(names[i].substr(1, names[i].size() - 2), found[i]);
    } else if (names[i] != found[i]) {
      return std::nullopt;
    }
  }
  return result;
}

}  // namespace

void Router::add(std::string method, std::string path, Access access,
                 std::function<void(Exchange&)> handle) {
  routes_.push_back({std::move(method), std::move(path), access, std::move(handle)});
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  Found found;
  if (path.empty() || path.front() != '/') return found;
  const Route* get = nullptr;
  std::map<std::string, std::string> get_path;
  for (const Route& route : routes_) {
    auto values = match(route.path, path);
    if (!values) continue;
    if (route.method == method) return {&route, std::move(*values), ""};
    if (route.method == "GET") {
      get = &route;
      get_path = std::move(*values);
    }
    found.allowed += (found.allowed.empty() ? "" : ", ") + route.method;
  }
  if (method == "HEAD" && get != nullptr) return {get, std::move(get_path), ""};
  return found;
}

}  // namespace serdab::gateway
