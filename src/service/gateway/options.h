#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "service/gateway/asset.h"

namespace serdab::gateway {

/// Who may read /metrics.
enum class MetricsAccess : std::uint8_t { kOff, kLoopback, kOpen };

/// How a gateway listens and what it lets a client do. Seconds throughout.
struct Options {
  std::string host = "127.0.0.1";
  int port = 8443;  ///< 0: any that is free
  /// PEM files; both or none. Without them the gateway speaks plain HTTP, which is refused unless
  /// it listens on a loopback address or `plain_anywhere` is set (behind a proxy that has TLS).
  std::string certificate, private_key;
  bool plain_anywhere = false;

  std::size_t connections = 512;   ///< more are answered 503 and closed
  std::size_t event_streams = 64;  ///< of them, at most so many that listen to events
  std::size_t pending = 256;       ///< tasks that wait or run, over all tenants
  double header_seconds = 10;      ///< a request's head, and a TLS handshake, take at most that
  double idle_seconds = 30;        ///< between requests
  double grace_seconds = 20;       ///< the other side may be waited for so long in a request, …
  double slowest_rate = 16384;     ///< … and a second more for so many bytes
  double infer_seconds = 300;      ///< an answer that takes longer: 504
  double drain_seconds = 60;       ///< what is under way at the end has so long
  std::uint64_t upload_bytes = std::uint64_t{8} << 30;  ///< of an evaluation key file
  MetricsAccess metrics = MetricsAccess::kLoopback;

  std::span<const Asset> assets;  ///< the browser client
  std::string software_version = "0";
  std::function<void(std::string_view)> log;  ///< takes one line of JSON; any thread
};

}  // namespace serdab::gateway
