#include "noted/fault-queue.h"

#include <unistd.h>

#include "addon/futex.h"
#include "page/table-lock.h"

namespace vmarea {

Slot* queue_fault_locked(FaultQueue* queue, uintptr_t page, bool write, bool first_write) {
  for (Slot& slot : queue->slots) {
    if (slot.state.load() != kFree) continue;
    slot.page = page;
    slot.write = write;
    slot.first_write = first_write;
    slot.state.store(kQueued);
    queue->used++;
    queue->queued.fetch_add(1);
    ring_locked(queue);
    return &slot;
  }
  return nullptr;
}

bool wait_for_answer(Slot* slot, uint64_t deadline) {
  for (;;) {
    uint32_t state = slot->state.load();
    if (state != kQueued && state != kTaken) return true;
    if (!futex_wait(&slot->state, state, deadline)) return false;
  }
}

SlotState leave_queue_locked(FaultQueue* queue, Slot* slot) {
  uint32_t state = slot->state.load();
  if (state == kQueued) queue->queued.fetch_sub(1);
  slot->state.store(kFree);
  queue->used--;
  wake_slotless_locked(queue, 1);
  return static_cast<SlotState>(state);
}

void ring_locked(FaultQueue* queue) {
  queue->turn.fetch_add(1);
  if (queue->taking.load()) {
    futex_wake_locked(&queue->turn, 1);
  } else if (queue->rung.exchange(1) == 0 && queue->event >= 0) {
    uint64_t one = 1;
    if (write(queue->event, &one, sizeof one) < 0) {
      // The eventfd is readable already.
    }
  }
}

void hush_locked(FaultQueue* queue) {
  if (queue->rung.exchange(0) == 0) return;
  uint64_t rings;
  if (read(queue->event, &rings, sizeof rings) < 0) {
    // Another thread is about to signal it: that costs an extra turn of the loop.
  }
}

size_t take_faults_locked(FaultQueue* queue, double* faults, size_t room) {
  size_t count = 0;
  size_t first = queue->next;
  for (size_t index = 0; index < FaultQueue::kSlots && count < room && queue->queued.load() > 0; index++) {
    Slot& slot = queue->slots[(first + index) % FaultQueue::kSlots];
    if (slot.state.load() != kQueued) continue;
    slot.state.store(kTaken);
    queue->queued.fetch_sub(1);
    queue->next = (first + index + 1) % FaultQueue::kSlots;
    faults[2 * count] = static_cast<double>(slot.page);
    faults[2 * count + 1] = slot.write + 2 * slot.first_write;
    count++;
  }
  // Faults that come later use the first slots again.
  if (queue->queued.load() == 0) queue->next = 0;
  return count;
}

void answer_faults_locked(FaultQueue* queue, uintptr_t start, uintptr_t end, SlotState answer) {
  for (size_t index = 0, left = queue->used; left > 0; index++) {
    Slot& slot = queue->slots[index];
    uint32_t state = slot.state.load();
    if (state == kFree) continue;
    left--;
    if ((state != kQueued && state != kTaken) || slot.page < start || slot.page >= end) continue;
    if (state == kQueued) queue->queued.fetch_sub(1);
    slot.state.store(answer);
    futex_wake_locked(&slot.state, 1);
  }
}

void wake_slotless_locked(FaultQueue* queue, int count) {
  queue->freed.fetch_add(1);
  if (queue->slotless > 0) futex_wake_locked(&queue->freed, count);
}

}  // namespace vmarea
