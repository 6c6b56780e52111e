// Waiting until a word in memory changes. Safe in a signal handler: system calls alone.
#pragma once

#include <atomic>
#include <cstdint>

namespace vmarea {

constexpr uint64_t kNever = UINT64_MAX;

// Nanoseconds of the monotonic clock, the clock of deadlines.
uint64_t monotonic_time();

// Waits while the word has this value, until woken: the caller reads the word again. Returns false where the deadline has passed.
bool futex_wait(std::atomic<uint32_t>* word, uint32_t value, uint64_t deadline);
void futex_wake(std::atomic<uint32_t>* word, int count);

// The monotonic time in so many milliseconds; kNever for infinitely many.
uint64_t deadline_after(double milliseconds);
// Likewise for a word that other mappings and processes may have too, which the kernel alone reads: returns 0 when woken, or a negative error
// number. Where there is an `end`, a word of our own, it also returns 0 when that is no longer 0.
int shared_futex_wait(uintptr_t word, uint32_t value, std::atomic<uint32_t>* end, uint64_t deadline);
// Returns how many were woken, or a negative error number.
int shared_futex_wake(uintptr_t word, int count);

}  // namespace vmarea
