// Waiting until a word in memory changes. Safe in a signal handler: system calls alone.
#pragma once

#include <atomic>
#include <cstdint>

namespace vmarea {

constexpr uint64_t kNever = UINT64_MAX;

// Nanoseconds of the monotonic clock, the clock of deadlines.
uint64_t monotonic_time();

// Waits while the word has this value, until the deadline, or until woken: the caller reads the word again.
void futex_wait(std::atomic<uint32_t>* word, uint32_t value, uint64_t deadline);
void futex_wake(std::atomic<uint32_t>* word, int count);

}  // namespace vmarea
