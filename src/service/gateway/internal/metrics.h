#pragma once

#include <memory>
#include <string>

#include "service/store/store.h"
#include "service/work/runner.h"
#include "service/work/task.h"

namespace serdab::gateway {

/// What /metrics tells, in Prometheus' text format. No tenant, job or key is named. Thread safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void request(const std::string& route, const std::string& method, int status, double seconds);
  void task(work::TaskKind kind, const work::Outcome& outcome);
  void refused(const std::string& kind);
  void moved(std::uint64_t bytes_in, std::uint64_t bytes_out);

  /// What is read at the moment of asking.
  struct Now {
    std::size_t pending = 0, connections = 0, refused_connections = 0, event_streams = 0;
    store::Store::Totals stored;
    const work::Runner* runner = nullptr;
  };
  std::string text(const Now& now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::gateway
