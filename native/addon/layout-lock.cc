#include "addon/layout-lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace vmarea {
namespace {

constexpr int32_t kWriter = -1;

std::atomic<int32_t> state{0};            // readers, or kWriter
std::atomic<int32_t> waiting_writers{0};  // holds off new readers
std::atomic<bool> inserting{false};       // a reader waits for the others to leave
std::atomic<int32_t> sleepers{0};
std::atomic<uint32_t> turn{0};  // counts releases; what sleepers sleep on

void sleep_until_turn(uint32_t seen) {
  sleepers.fetch_add(1);
  syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  sleepers.fetch_sub(1);
}

void next_turn() {
  turn.fetch_add(1);
  if (sleepers.load() > 0) syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

// Waits until the thread with so many holds as a reader is alone, and makes it the writer.
void become_writer(int32_t own) {
  int32_t readers = own;
  if (state.compare_exchange_strong(readers, kWriter)) return;
  waiting_writers.fetch_add(1);
  for (;;) {
    uint32_t seen = turn.load();
    readers = own;
    if (state.compare_exchange_strong(readers, kWriter)) break;
    sleep_until_turn(seen);
  }
  waiting_writers.fetch_sub(1);
}

bool enter_as_reader() {
  int32_t readers = state.load();
  while (readers >= 0)
    if (state.compare_exchange_weak(readers, readers + 1)) return true;
  return false;
}

}  // namespace

int layout_try_read_lock(LayoutHolds* holds) {
  if (holds->readers == 0 && waiting_writers.load() > 0) return -EAGAIN;
  if (!enter_as_reader()) return -EAGAIN;
  holds->readers++;
  return 0;
}

int layout_read_lock(LayoutHolds* holds) {
  for (;;) {
    uint32_t seen = turn.load();
    if (layout_try_read_lock(holds) == 0) return 0;
    sleep_until_turn(seen);
  }
}

void layout_read_unlock(LayoutHolds* holds) {
  if (holds->readers == 0) return;
  holds->readers--;
  // The one that inserts waits for all but itself. It says so before it looks, so that either it sees this reader leave or this one sees it.
  if (state.fetch_sub(1) == 1 || inserting.load()) next_turn();
}

void layout_release_all(LayoutHolds* holds) {
  while (holds->readers > 0) layout_read_unlock(holds);
}

int layout_write_lock(LayoutHolds* holds) {
  if (holds != nullptr && holds->readers > 0) return -EDEADLK;
  become_writer(0);
  return 0;
}

int layout_insert_lock(LayoutHolds* holds) {
  if (holds->readers == 0) return layout_write_lock(holds);
  if (inserting.exchange(true)) return -EDEADLK;
  become_writer(holds->readers);
  return 0;
}

void layout_write_unlock(LayoutHolds* holds) {
  const int32_t own = holds == nullptr ? 0 : holds->readers;
  if (own > 0) inserting.store(false);
  state.store(own);
  next_turn();
}

}  // namespace vmarea
