#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vmarea::guests {

// How a fault, or a page that was fetched before its fault, came out. `src/kernel/guest-host.ts` has the same order.
enum Outcome { kFilled, kZeroed, kPrefetched, kRaced, kRetried, kFailed, kUnprotected, kOutcomes };

// How an answer came out, for its time. A fault that ended in several ways counts as the last of these. `src/linux/guests/linux-guest.ts`
// has the same order.
enum Answer {
  kMissing,     // from the source
  kRemoved,     // with zeros: the page was given back
  kBeforehand,  // no fault: the source was read for the prefetch
  kThereBefore, // another answer had installed the page
  kAgain,       // the layout of the process was changing, and the answer was given again
  kGivenUp,     // the page could not be read
  kAnswers
};

// The server thread adds; other threads read.
class Counter {
 public:
  void add(uint64_t count) { value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Times in nanoseconds, four buckets an octave: bucket 4 * e + m holds [2^e * (1 + m/4), 2^e * (1 + (m+1)/4)).
struct Histogram {
  static constexpr size_t kBuckets = 40 * 4;
  Counter buckets[kBuckets];
  Counter sum;
  void add(uint64_t nanoseconds) {
    sum.add(nanoseconds);
    if (nanoseconds < 4) nanoseconds = 4;
    unsigned exponent = 63u - static_cast<unsigned>(__builtin_clzll(nanoseconds));
    size_t bucket = exponent * 4 + (nanoseconds >> (exponent - 2) & 3);
    buckets[bucket < kBuckets ? bucket : kBuckets - 1].add(1);
  }
};

struct Statistics {
  Counter counts[kOutcomes];
  Counter pages_there, pages_removed, removals, unprotected;
  Histogram latency[kAnswers];  // from the reading of the fault, or the beginning of the prefetch, to the answer
};

}  // namespace vmarea::guests
