#pragma once

namespace serdab::base {

/// Processor time of the calling thread: what other programs take does not count.
double thread_seconds();

/// Cycles per second of the core, now: the best of several timings of a chain of rotations of one
/// cycle each (time-stamp counters tick at a nominal rate). Takes about 150 ms.
double clock_rate();

}  // namespace serdab::base
