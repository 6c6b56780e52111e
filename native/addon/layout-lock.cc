#include "addon/layout-lock.h"

#include <errno.h>

#include <atomic>

#include "addon/futex.h"

namespace vmarea {
namespace {

constexpr int32_t kWriter = -1;

std::atomic<int32_t> state{0};            // readers, or kWriter
std::atomic<int32_t> waiting_writers{0};  // holds off new readers
std::atomic<bool> inserting{false};       // a reader waits for the others to leave
std::atomic<int32_t> sleepers{0};
std::atomic<uint32_t> turn{0};  // counts releases; what sleepers sleep on

// How long a thread sleeps before it checks whether it is to end.
constexpr uint64_t kPatience = 100'000'000;

// False where the thread is to end: it stops waiting, because the holder of the lock may be waiting for that end.
bool sleep_until_turn(uint32_t seen, const LayoutHolds* holds) {
  const uint64_t deadline = monotonic_time() + kPatience;
  sleepers.fetch_add(1);
  futex_wait(&turn, seen, deadline);
  sleepers.fetch_sub(1);
  return turn.load() != seen || monotonic_time() < deadline || holds == nullptr || holds->ends == nullptr || !holds->ends(holds);
}

void next_turn() {
  turn.fetch_add(1);
  if (sleepers.load() > 0) futex_wake(&turn, INT32_MAX);
}

// Waits until no other thread reads, and makes this thread, which has `holds` holds as a reader, the writer.
int become_writer(int32_t own, const LayoutHolds* holds) {
  int32_t readers = own;
  if (state.compare_exchange_strong(readers, kWriter)) return 0;
  waiting_writers.fetch_add(1);
  int error = 0;
  for (;;) {
    uint32_t seen = turn.load();
    readers = own;
    if (state.compare_exchange_strong(readers, kWriter)) break;
    if (sleep_until_turn(seen, holds)) continue;
    error = -ECANCELED;
    break;
  }
  // The last writer that gives up lets the readers in that it held off.
  if (waiting_writers.fetch_sub(1) == 1 && error != 0) next_turn();
  return error;
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
    if (!sleep_until_turn(seen, holds)) return -ECANCELED;
  }
}

void layout_read_unlock(LayoutHolds* holds) {
  if (holds->readers == 0) return;
  holds->readers--;
  // The inserting thread waits for all readers but itself. It sets `inserting` before it reads `state`, so that either it sees this
  // reader leave or this reader sees `inserting`.
  if (state.fetch_sub(1) == 1 || inserting.load()) next_turn();
}

void layout_release_all(LayoutHolds* holds) {
  while (holds->readers > 0) layout_read_unlock(holds);
}

int layout_write_lock(LayoutHolds* holds) {
  if (holds != nullptr && holds->readers > 0) return -EDEADLK;
  return become_writer(0, holds);
}

int layout_try_write_lock(LayoutHolds* holds) {
  if (holds != nullptr && holds->readers > 0) return -EDEADLK;
  int32_t readers = 0;
  return state.compare_exchange_strong(readers, kWriter) ? 0 : -EAGAIN;
}

int layout_insert_lock(LayoutHolds* holds) {
  if (holds->readers == 0) return layout_write_lock(holds);
  if (inserting.exchange(true)) return -EDEADLK;
  int error = become_writer(holds->readers, holds);
  if (error != 0) inserting.store(false);
  return error;
}

void layout_write_unlock(LayoutHolds* holds) {
  const int32_t own = holds == nullptr ? 0 : holds->readers;
  if (own > 0) inserting.store(false);
  state.store(own);
  next_turn();
}

}  // namespace vmarea
