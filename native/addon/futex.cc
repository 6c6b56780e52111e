#include "addon/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace vmarea {

uint64_t monotonic_time() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

void futex_wait(std::atomic<uint32_t>* word, uint32_t value, uint64_t deadline) {
  if (deadline == kNever) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
    return;
  }
  uint64_t time = monotonic_time();
  if (time >= deadline) return;
  struct timespec left = {static_cast<time_t>((deadline - time) / 1000000000u), static_cast<long>((deadline - time) % 1000000000u)};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &left, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>* word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0); }

}  // namespace vmarea
