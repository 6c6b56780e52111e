// The faults of one guard source that wait: threads that stand still in the signal handler, and the thread that takes their faults.
//
// All of it is under the table's lock, save what is atomic: that is what the two sides wait on. Safe in the signal handler: the slots are
// part of the queue, so that nothing is allocated, and a wait is a futex.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vmarea {

enum SlotState : uint32_t { kFree, kQueued, kTaken, kShown, kFailed };

// One thread in the handler.
struct Slot {
  std::atomic<uint32_t> state{kFree};
  uintptr_t page = 0;
  bool write = false;
  bool first_write = false;
};

struct FaultQueue {
  static constexpr size_t kSlots = 256;
  int event = -1;                      // an eventfd: readable when a fault waits and nobody is in `take`
  std::atomic<uint32_t> turn{0};       // counts what `take` has to look at
  std::atomic<uint32_t> interrupts{0};
  uint32_t seen_interrupts = 0;
  std::atomic<bool> taking{false};
  std::atomic<uint32_t> queued{0};
  std::atomic<uint32_t> rung{0};       // the eventfd is readable
  std::atomic<uint32_t> freed{0};      // counts slots that became free; who finds none waits on it
  size_t next = 0;                     // where `take` goes on looking, so that everyone's turn comes
  Slot slots[kSlots];
};

// ---- in the handler ----

// A slot with the fault in it, and whoever takes faults told of it; nullptr where none is free.
Slot* queue_fault_locked(FaultQueue* queue, uintptr_t page, bool write, bool first_write);
// Waits, without the lock, until the fault is answered. False where the deadline has passed before.
bool wait_for_answer(Slot* slot, uint64_t deadline);
// Gives the slot back. Answers the state that it was in: kQueued where nobody has taken the fault, kTaken where nobody has answered it.
SlotState leave_queue_locked(FaultQueue* queue, Slot* slot);

// ---- on the other side ----

// Whoever takes faults, or will, has something to look at.
void ring_locked(FaultQueue* queue);
// Somebody looks now: the eventfd is quiet until it is rung again.
void hush_locked(FaultQueue* queue);
// Takes up to so many faults: two numbers each, its page; 1 for a write, 2 more where the page was shown. Answers how many.
size_t take_faults_locked(FaultQueue* queue, double* faults, size_t room);
// Tells everyone who waits for a page in [start, end).
void answer_faults_locked(FaultQueue* queue, uintptr_t start, uintptr_t end, SlotState answer);
// Whoever waits for a slot looks again.
void wake_slotless_locked(FaultQueue* queue, int count);

}  // namespace vmarea
