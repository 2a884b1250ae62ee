#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <span>
#include <string>

#include "service/gateway/internal/catalogue.h"
#include "service/gateway/internal/desk.h"
#include "service/gateway/internal/http_server.h"
#include "service/gateway/internal/limits.h"
#include "service/gateway/internal/metrics.h"
#include "service/gateway/internal/router.h"
#include "service/gateway/options.h"

namespace serdab::gateway {

/// Uploads that a request is writing: a second one for the same file is told to wait. Thread safe.
class Uploads {
 public:
  class Hold {
   public:
    Hold(Uploads& uploads, std::string what);  ///< throws Failure 409
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Uploads& uploads_;
    std::string what_;
  };

 private:
  std::mutex mutex_;
  std::set<std::string> held_;
};

/// What the routes work with.
struct Service {
  Service(store::Store& kept, const work::Runner* embedded, const Options& given)
      : store(kept),
        runner(embedded),
        options(given),
        catalogue(kept),
        desk(kept, metrics),
        http(given) {}

  store::Store& store;
  const work::Runner* runner;
  const Options& options;
  Metrics metrics;
  Catalogue catalogue;
  Limits limits;
  Limits listeners;  ///< to events: as many of a tenant as it may have requests at once
  Uploads uploads;
  Desk desk;
  Router router;
  std::atomic<std::size_t> event_streams = 0;
  HttpServer http;
};

// One file each: routes_<resource>.cpp.
void add_health_routes(Service& service);
void add_model_routes(Service& service);
void add_key_routes(Service& service);
void add_infer_route(Service& service);
void add_job_routes(Service& service);
void add_training_routes(Service& service);
/// The browser client.
void add_page_routes(Service& service);

/// Of a version in a path.
std::uint32_t version_number(const std::string& text);
/// The evaluation keys that a query for this model needs, by the ids in its first bytes. Throws
/// Failure 409 for a query of another program, 412 for keys that are not here.
store::KeyRecord key_for(Service& service, const Exchange& exchange, const ModelCard& card,
                         std::span<const std::uint8_t> query);
/// A batch job or training run of the tenant that asks; Failure 404 for any other.
store::JobRecord own_job(Service& service, const Exchange& exchange, store::JobKind kind);
/// As JSON, with the progress of what is under way.
std::string job_status(Service& service, const store::JobRecord& job);
/// Server-sent events: a "status" whenever it changes, until the job has ended.
void stream_events(Service& service, Exchange& exchange, const store::JobRecord& job);
/// Appends a request's body to an unfinished upload, from the Content-Range's first byte or,
/// without one, as a whole. `begin` is called with the total and where the piece begins before
/// anything is written. Returns whether the file is whole; if not, the response is there already.
/// The caller holds the upload.
bool take_upload(Exchange& exchange, const std::string& path, std::uint64_t most,
                 const std::function<void(std::uint64_t total, std::uint64_t first)>& begin);

}  // namespace serdab::gateway
