// Waiting until a word in memory has changed. Safe in a signal handler: system calls, and nothing else.
#pragma once

#include <atomic>
#include <cstdint>

namespace vmarea {

constexpr uint64_t kNever = UINT64_MAX;

// Nanoseconds of the monotonic clock, by which deadlines go.
uint64_t monotonic_time();

// Waits while the word has this value, until the deadline, or until woken: the caller looks again.
void futex_wait(std::atomic<uint32_t>* word, uint32_t value, uint64_t deadline);
void futex_wake(std::atomic<uint32_t>* word, int count);

}  // namespace vmarea
