// The waiting faults of one guard source, between the threads that wait in the signal handler and the thread that takes their faults.
//
// The table's lock guards all of it but the atomic members, on which the two sides wait. Safe in the signal handler: the slots are part
// of the queue, so that nothing is allocated, and a wait uses a futex.
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
  int event = -1;                      // an eventfd: readable when a fault waits and no thread is in `take`
  std::atomic<uint32_t> turn{0};       // counts the changes that `take` has to examine
  std::atomic<uint32_t> interrupts{0};
  uint32_t seen_interrupts = 0;
  std::atomic<bool> taking{false};
  std::atomic<uint32_t> queued{0};
  std::atomic<uint32_t> rung{0};       // the eventfd is readable
  std::atomic<uint32_t> freed{0};      // counts slots that became free; a thread without a slot waits on it
  uint32_t slotless = 0;               // the threads that do
  size_t used = 0;                     // the slots that are not free: mostly one, the first
  size_t next = 0;                     // where `take` continues, so that every fault gets its turn
  Slot slots[kSlots];
};

// ---- in the handler ----

// Queues the fault in a slot and wakes the thread that takes faults; nullptr where no slot is free.
Slot* queue_fault_locked(FaultQueue* queue, uintptr_t page, bool write, bool first_write);
// Waits, without the lock, until the fault is answered. False where the deadline passes first.
bool wait_for_answer(Slot* slot, uint64_t deadline);
// Frees the slot. Returns its last state: kQueued where the fault was not taken, kTaken where it was not answered.
SlotState leave_queue_locked(FaultQueue* queue, Slot* slot);

// ---- on the other side ----

// Wakes the thread that takes faults, or makes its next `take` return at once.
void ring_locked(FaultQueue* queue);
// A thread takes faults now: clears the eventfd until it is signalled again.
void hush_locked(FaultQueue* queue);
// Takes up to `most` faults. Two numbers for each: the page; then 1 for a write, plus 2 where the page was shown. Returns their number.
size_t take_faults_locked(FaultQueue* queue, double* faults, size_t room);
// Answers every fault that waits for a page in [start, end).
void answer_faults_locked(FaultQueue* queue, uintptr_t start, uintptr_t end, SlotState answer);
// Wakes the threads that wait for a slot.
void wake_slotless_locked(FaultQueue* queue, int count);

}  // namespace vmarea
