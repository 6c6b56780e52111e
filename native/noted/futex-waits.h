// Waits for a word of shared memory, each on a thread of its own: what ends them beside the word.
//
// The word is the kernel's to read, never ours: where its page is gone, the wait ends with -EFAULT. Its addresses are leased meanwhile, so
// that no other memory can be there. When they are unmapped, the wait ends with -ENXIO. Functions that end in _locked require the table's lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vmarea {

struct ThreadState;

// What the kernel answers beside 0: the time is up.
constexpr int kTimeIsUp = 2;

struct FutexWait {
  ThreadState* state;  // of the thread that waits for the answer; only compared
  uintptr_t word;
  uint32_t expected;
  uint64_t deadline;  // of the monotonic clock, in nanoseconds
  std::atomic<uint32_t> end{0};  // the error number that ends the wait; a thread sleeps on it
};

// From now on the wait can be ended. Returns its key, which no other wait of the process has.
double begin_futex_wait(FutexWait* wait);
// Sleeps until the word has another value or is notified, until the deadline, or until the wait is ended. Returns 0, kTimeIsUp or a negative
// error number. The wait has ended then.
int finish_futex_wait(double key, FutexWait* wait);

// Ends the wait with this key, unless it has come to its end.
void end_futex_wait(double key, int error);
void end_futex_waits_of(const ThreadState* state);
// The memory is about to go, or has gone.
void end_futex_waits_in_locked(uintptr_t start, size_t length);

}  // namespace vmarea
