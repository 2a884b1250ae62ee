#include "service/gateway/internal/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>

namespace serdab::gateway {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

Histogram::BucketBoundaries seconds_buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
}

const char* kind_name(work::TaskKind kind) {
  switch (kind) {
    case work::TaskKind::kInfer:
      return "infer";
    case work::TaskKind::kChunk:
      return "chunk";
    case work::TaskKind::kStep:
      return "step";
  }
  return "unknown";
}

const char* ending_name(work::Ending ending) {
  switch (ending) {
    case work::Ending::kDone:
      return "done";
    case work::Ending::kFailed:
      return "failed";
    case work::Ending::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  Family<Counter>& requests = counters("serdab_requests_total", "Requests answered");
  Family<Histogram>& request_seconds =
      histograms("serdab_request_seconds", "From a request's head to its answer's end");
  Family<Counter>& tasks = counters("serdab_tasks_total", "Tasks ended");
  Family<Histogram>& compute_seconds =
      histograms("serdab_compute_seconds", "Computing on ciphertexts, by task");
  Family<Counter>& images = counters("serdab_images_total", "Images in answers");
  Family<Counter>& refused = counters("serdab_refused_total", "Requests refused, by reason");
  Family<Counter>& moved = counters("serdab_body_bytes_total", "Bytes of bodies");
  Family<Gauge>& now = prometheus::BuildGauge()
                           .Name("serdab_now")
                           .Help("What is there at this moment")
                           .Register(registry);
  Gauge& resident = prometheus::BuildGauge()
                        .Name("process_resident_memory_bytes")
                        .Help("Resident memory")
                        .Register(registry)
                        .Add({});

  Family<Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Family<Histogram>& histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }
  void set(const char* what, double value) { now.Add({{"what", what}}).Set(value); }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request(const std::string& route, const std::string& method, int status,
                      double seconds) {
  state_->requests.Add({{"route", route}, {"method", method}, {"status", std::to_string(status)}})
      .Increment();
  state_->request_seconds.Add({{"route", route}, {"method", method}}, seconds_buckets())
      .Observe(seconds);
}

void Metrics::task(work::TaskKind kind, const work::Outcome& outcome) {
  state_->tasks.Add({{"kind", kind_name(kind)}, {"ending", ending_name(outcome.ending)}})
      .Increment();
  if (outcome.ending != work::Ending::kDone) return;
  state_->compute_seconds.Add({{"kind", kind_name(kind)}}, seconds_buckets())
      .Observe(outcome.seconds);
  state_->images.Add({}).Increment(outcome.images);
}

void Metrics::refused(const std::string& kind) {
  state_->refused.Add({{"kind", kind}}).Increment();
}

void Metrics::moved(std::uint64_t bytes_in, std::uint64_t bytes_out) {
  state_->moved.Add({{"direction", "in"}}).Increment(static_cast<double>(bytes_in));
  state_->moved.Add({{"direction", "out"}}).Increment(static_cast<double>(bytes_out));
}

std::string Metrics::text(const Now& now) {
  state_->set("tasks_pending", static_cast<double>(now.pending));
  state_->set("connections", static_cast<double>(now.connections));
  state_->set("connections_refused", static_cast<double>(now.refused_connections));
  state_->set("event_streams", static_cast<double>(now.event_streams));
  state_->set("tenants", static_cast<double>(now.stored.tenants));
  state_->set("models", static_cast<double>(now.stored.models));
  state_->set("keys_stored", static_cast<double>(now.stored.keys));
  state_->set("key_bytes_stored", static_cast<double>(now.stored.key_bytes));
  state_->set("jobs_open", static_cast<double>(now.stored.jobs_open));
  state_->set("jobs_running", static_cast<double>(now.stored.jobs_running));
  state_->set("jobs_waiting", static_cast<double>(now.stored.jobs_waiting));
  state_->set("jobs_failed", static_cast<double>(now.stored.jobs_failed));
  if (now.runner != nullptr) {
    const work::RunnerStatistics runner = now.runner->statistics();
    state_->set("models_loaded", static_cast<double>(runner.models_loaded));
    state_->set("keys_loaded", static_cast<double>(runner.keys_loaded));
    state_->set("key_bytes_loaded", static_cast<double>(runner.key_bytes));
    state_->set("key_hits", static_cast<double>(runner.key_hits));
    state_->set("key_misses", static_cast<double>(runner.key_misses));
  }
  state_->resident.Set(resident_bytes());
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace serdab::gateway
