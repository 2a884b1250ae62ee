#include "service/gateway/internal/service.h"

namespace serdab::gateway {
namespace {

// Nothing from elsewhere, nothing inline, no frames: what runs in the page is what this server was
// built with. 'wasm-unsafe-eval' lets the browser compile client.wasm, no script.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace

void add_page_routes(Service& service) {
  for (const Asset& asset : service.options.assets) {
    service.router.add("GET", std::string(asset.path), Access::kOpen, [asset](Exchange& exchange) {
      httplib::Response& response = exchange.response;
      response.status = 200;
      response.set_header("Content-Security-Policy", kPolicy);
      response.set_header("Cross-Origin-Opener-Policy", "same-origin");
      response.set_header("Cross-Origin-Embedder-Policy", "require-corp");
      response.set_header("Cache-Control", "no-cache");
      response.set_content(asset.bytes.data(), asset.bytes.size(), std::string(asset.type));
    });
  }
}

}  // namespace serdab::gateway
