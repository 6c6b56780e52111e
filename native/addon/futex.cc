#include "addon/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace vmarea {
namespace {

// What the headers may not know yet: Linux 5.16.
constexpr long kFutexWaitv = 449;
constexpr uint32_t kSize32 = 2, kPrivate = 128;
struct Waiter {
  uint64_t value;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved;
};

// How long a thread sleeps before it looks at its `end` where the kernel can't wait for two words.
constexpr uint64_t kNap = 20'000'000;

std::atomic<bool> waits_for_two{true};

struct timespec time_of(uint64_t deadline) {
  return {static_cast<time_t>(deadline / 1000000000u), static_cast<long>(deadline % 1000000000u)};
}

int wait_for_either(uintptr_t word, uint32_t value, std::atomic<uint32_t>* end, uint64_t deadline) {
  Waiter waiters[2] = {{value, word, kSize32, 0}, {0, reinterpret_cast<uintptr_t>(end), kSize32 | kPrivate, 0}};
  struct timespec time = time_of(deadline);
  long answer = syscall(kFutexWaitv, waiters, 2, 0, deadline == kNever ? nullptr : &time, CLOCK_MONOTONIC);
  return answer < 0 ? -errno : 0;
}

// `call` takes a moment as its time, where FUTEX_WAIT takes how long: no clock is read here.
int wait_for_one(uintptr_t word, int call, uint32_t value, uint64_t deadline) {
  struct timespec time = time_of(deadline);
  long answer = syscall(SYS_futex, word, call, value, deadline == kNever ? nullptr : &time, nullptr, FUTEX_BITSET_MATCH_ANY);
  return answer < 0 ? -errno : 0;
}

}  // namespace

uint64_t monotonic_time() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

bool futex_wait(std::atomic<uint32_t>* word, uint32_t value, uint64_t deadline) {
  return wait_for_one(reinterpret_cast<uintptr_t>(word), FUTEX_WAIT_BITSET_PRIVATE, value, deadline) != -ETIMEDOUT;
}

void futex_wake(std::atomic<uint32_t>* word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0); }

uint64_t deadline_after(double milliseconds) {
  constexpr double kLongest = 1e15;  // nanoseconds: beyond twelve days it may as well be never, and no sum overflows
  return milliseconds * 1e6 < kLongest ? monotonic_time() + static_cast<uint64_t>(milliseconds * 1e6) : kNever;
}

int shared_futex_wait(uintptr_t word, uint32_t value, std::atomic<uint32_t>* end, uint64_t deadline) {
  if (end == nullptr) return wait_for_one(word, FUTEX_WAIT_BITSET, value, deadline);
  if (waits_for_two) {
    int answer = wait_for_either(word, value, end, deadline);
    // A seccomp filter that does not know the call may say EPERM.
    if (answer != -ENOSYS && answer != -EPERM) return answer;
    waits_for_two = false;
  }
  while (end->load() == 0) {
    const uint64_t nap = monotonic_time() + kNap;
    int answer = wait_for_one(word, FUTEX_WAIT_BITSET, value, nap < deadline ? nap : deadline);
    if (answer != -ETIMEDOUT || monotonic_time() >= deadline) return answer;
  }
  return 0;
}

int shared_futex_wake(uintptr_t word, int count) {
  long answer = syscall(SYS_futex, word, FUTEX_WAKE, count, nullptr, nullptr, 0);
  return answer < 0 ? -errno : static_cast<int>(answer);
}

}  // namespace vmarea
