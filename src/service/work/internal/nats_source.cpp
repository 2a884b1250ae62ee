#include "service/work/internal/nats_source.h"

#include <algorithm>

#include "engine/base/error.h"

namespace serdab::work::internal {
namespace {

using std::chrono::milliseconds;

/// So long a task is left to the worker whose partition it is in.
constexpr auto kLeaveToOwner = milliseconds(250);
/// After a notice: by then most tasks are with their owner, and nothing is left to look after.
constexpr auto kLetOwnerTake = milliseconds(25);
/// Notices get lost, and what a dead worker had is given back without one.
constexpr auto kLookAnyway = milliseconds(1000);

}  // namespace

// Own places are looked at at once, those of others after a while.
NatsSource::NatsSource(const NatsConnection& connection, const NatsNotices& notices,
                       const Choice& choice)
    : connection_(connection), notices_(notices) {
  for (std::size_t k = 0; k < kUrgency.size(); ++k) {
    if (choice.only_infer && kUrgency[k] != TaskKind::kInfer) continue;
    places_[k].resize(kPartitions);
    for (unsigned p = 0; p < kPartitions; ++p) {
      Place& place = places_[k][p];
      place.consumer = task_consumer(p, kUrgency[k]);
      place.is_own = p % choice.parts == choice.part - 1;
      place.looked = Clock::now();
      if (place.is_own) place.lain_since = Clock::now();
    }
  }
}

Nats<natsMsg> NatsSource::take() {
  if (!connection_.connected()) base::fail(base::ErrorCode::kIo, "the work queue is out of reach");
  hear();
  if (auto message = take_among(true)) return message;
  return take_among(false);
}

// Before looking: what comes meanwhile is news.
void NatsSource::hear() {
  heard_ = notices_.counts();
  for (std::size_t k = 0; k < kUrgency.size(); ++k) {
    for (std::size_t p = 0; p < places_[k].size(); ++p) {
      Place& place = places_[k][p];
      if (!place.lain_since && heard_[p][k] != place.seen) place.lain_since = Clock::now();
    }
  }
}

void NatsSource::wait() const {
  auto until = Clock::now() + kLookAnyway;
  for (const Places& places : places_) {
    for (const Place& place : places) until = std::min(until, due(place));
  }
  const auto longest = std::chrono::ceil<milliseconds>(until - Clock::now());
  notices_.wait_beyond(heard_, std::max(longest, milliseconds(1)));
}

// When it is worth while to ask there.
NatsSource::Clock::time_point NatsSource::due(const Place& place) const {
  if (!place.lain_since) return place.looked + kLookAnyway;
  if (place.is_own) return *place.lain_since;
  return *place.lain_since + (place.lay ? kLeaveToOwner : kLetOwnerTake);
}

// Tenants take turns as far as they lie in different partitions.
Nats<natsMsg> NatsSource::take_among(bool own) {
  ++turn_;
  for (std::size_t k = 0; k < kUrgency.size(); ++k) {
    Places& places = places_[k];
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t p = (turn_ + i) % places.size();
      Place& place = places[p];
      if (place.is_own != own || due(place) > Clock::now()) continue;
      auto message = own ? connection_.next(kTaskStream, place.consumer) : take_left(place);
      if (message) {
        if (!place.lain_since) place.lain_since = Clock::now();  // there may be more
        return message;
      }
      if (place.lay) continue;  // something lies there, which is its owner's for now
      place.seen = heard_[p][k];
      place.lain_since.reset();
      place.looked = Clock::now();
    }
  }
  return nullptr;
}

// Of those that lay here a while ago, fewer were given to somebody since: one is left. What was
// given back is not counted by the server, and comes before all others.
Nats<natsMsg> NatsSource::take_left(Place& place) const {
  const NatsConnection::Lying now = connection_.lying(kTaskStream, place.consumer);
  if (now.waiting > 0) {
    const auto& then = place.lay;
    if (then && now.delivered - then->delivered < then->waiting) {
      return connection_.next(kTaskStream, place.consumer);
    }
    place.lay = now;
    place.lain_since = Clock::now();
    return nullptr;
  }
  place.lay.reset();
  if (now.unsettled == 0) return nullptr;
  auto message = connection_.next(kTaskStream, place.consumer);
  if (message && deliveries(message.get()) == 1) {  // it came just now, and is its owner's
    give_back(connection_, message.get(), place.consumer);
    return nullptr;
  }
  return message;
}

}  // namespace serdab::work::internal
