#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "service/work/internal/nats_notices.h"
#include "service/work/internal/nats_streams.h"

namespace serdab::work::internal {

/// Where a thread of a worker takes its tasks from: its own partitions while there are any, of the
/// others what has lain for a while and what was given back. Of the partitions looked at, the most
/// urgent first.
/// The server is asked only where the notices say that something may lie, and everywhere now and
/// then. One thread.
class NatsSource {
 public:
  struct Choice {
    unsigned part = 1, parts = 1;  ///< own partitions: number part − 1, and every parts-th after it
    bool only_infer = false;
  };
  NatsSource(const NatsConnection& connection, const NatsNotices& notices, const Choice& choice);

  /// The next message, or none for now. Throws base::Error(kIo).
  Nats<natsMsg> take();
  /// After take() gave none: until it is worth while to ask again.
  void wait() const;

 private:
  using Clock = std::chrono::steady_clock;
  /// Tasks of one kind in a partition.
  struct Place {
    std::string consumer;
    bool is_own = false;
    std::uint64_t seen = 0;                       ///< notices when it was found empty
    std::optional<Clock::time_point> lain_since;  ///< something may lie there
    std::optional<NatsConnection::Lying> lay;     ///< what lay there then, in places of others
    Clock::time_point looked;                     ///< when it was found empty
  };
  /// By partition.
  using Places = std::vector<Place>;

  void hear();
  Nats<natsMsg> take_among(bool own);
  Nats<natsMsg> take_left(Place& place) const;
  Clock::time_point due(const Place& place) const;

  const NatsConnection& connection_;
  const NatsNotices& notices_;
  std::array<Places, kUrgency.size()> places_;
  NatsNotices::Counts heard_{};
  std::size_t turn_ = 0;
};

}  // namespace serdab::work::internal
