#pragma once

#include <span>

#include "service/gateway/asset.h"

namespace serdab::web {

/// The browser client, file by file; without /client.wasm where the build found no emscripten.
std::span<const gateway::Asset> assets();

}  // namespace serdab::web
