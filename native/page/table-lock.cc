#include "page/table-lock.h"

#include <sched.h>
#include <string.h>

#include <cstddef>

#include "addon/futex.h"

namespace vmarea {
namespace {

std::atomic_flag table_lock = ATOMIC_FLAG_INIT;

struct Wake {
  std::atomic<uint32_t>* word;
  int count;
};
constexpr size_t kMostWakes = 8;
// Of the holder of the lock.
Wake wakes[kMostWakes];
size_t wake_count = 0;

}  // namespace

TableLock::TableLock() {
  while (table_lock.test_and_set(std::memory_order_acquire)) sched_yield();
}

TableLock::~TableLock() {
  Wake own[kMostWakes];
  const size_t count = wake_count;
  memcpy(own, wakes, count * sizeof *wakes);
  wake_count = 0;
  table_lock.clear(std::memory_order_release);
  for (size_t index = 0; index < count; index++) futex_wake(own[index].word, own[index].count);
}

void futex_wake_locked(std::atomic<uint32_t>* word, int count) {
  if (wake_count < kMostWakes) wakes[wake_count++] = {word, count};
  else futex_wake(word, count);
}

}  // namespace vmarea
