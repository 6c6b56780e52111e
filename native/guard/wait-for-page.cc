#include "guard/wait-for-page.h"

#include <algorithm>

#include "guard/covers.h"
#include "region/absence.h"
#include "region/region-table.h"
#include "noted/watched-memory.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {
namespace {

struct HandlerState {
  bool may_not_wait;
  uintptr_t tried_page;
  int tries;
};

__thread HandlerState here
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))  // a signal handler must not allocate to find it
#endif
    = {};

// A page that is shown now may have been hidden when it was touched: retry the access. If it keeps failing, other code took the
// permission away.
bool is_refused_all_the_same(uintptr_t page) {
  here.tries = page == here.tried_page ? here.tries + 1 : 1;
  here.tried_page = page;
  if (here.tries < 1000) return false;
  here.tries = 0;
  return true;
}

Waited fails(Fault* fault, Reason reason) {
  fault->reason = reason;
  return Waited::kFault;
}

// The access of another thread failed there: the bytes are not the memory.
Waited meets_cover(Fault* fault) {
  fault->covered = true;
  return fails(fault, kDriver);
}

// A fault from its signal to its answer.
class PageWait {
 public:
  explicit PageWait(Fault* fault) : fault_(fault), page_(fault->address & ~(static_cast<uintptr_t>(page_size()) - 1)) {}

  // True where the fault has to wait: it is queued, unless no slot is free or the next source is not open yet. Otherwise `outcome` has
  // the result.
  bool begin_locked() {
    WatchedRange* range = find_watched_locked(page_);
    if (range == nullptr) return ends(waited_ ? Waited::kRetry : Waited::kElsewhere);
    if (is_covered_locked(page_)) return ends(meets_cover(fault_));
    bool write = fault_->access == 1;
    if (!allows(range->protection, fault_->access))
      return ends(fails(fault_, write && allows(range->protection, 0) ? kReadOnly : kNoAccess));
    const WatchedMemory* memory = range->memory;
    bool shown = has_bit(memory->shown, memory->page(page_));
    bool first_write = shown && write && memory->notify && !has_bit(memory->writable, memory->page(page_));
    if (shown && !first_write) return ends(!waited_ && is_refused_all_the_same(page_) ? Waited::kElsewhere : Waited::kRetry);
    source_ = memory->source;
    bool awaits = source_->closed && source_->awaited;
    if ((source_->closed && !awaits) || source_->unserved) return ends(fails(fault_, kUnserved));
    if (!awaits && source_->owner == current_thread_state) return ends(fails(fault_, kWouldDeadlock));
    if (is_to_end()) return ends(fails(fault_, kTimedOut));
    if (!waited_) deadline_ = source_->timeout == kNever ? kNever : monotonic_time() + source_->timeout;
    waited_ = true;
    freed_ = source_->queue.freed.load();
    slot_ = awaits ? nullptr : queue_fault_locked(&source_->queue, page_, write, first_write);
    if (slot_ == nullptr) source_->queue.slotless++;
    source_->references++;
    return true;
  }

  // Without the lock. It waits in steps, because nothing wakes a thread that is to end.
  void wait() {
    if (slot_ == nullptr) {
      futex_wait(&source_->queue.freed, freed_, next_step());
      ending_ = monotonic_time() < deadline_ && is_to_end();
      return;
    }
    while (!wait_for_answer(slot_, next_step()) && monotonic_time() < deadline_ && !ending_) ending_ = is_to_end();
  }

  // True where it must start over, because no slot was free.
  bool goes_on_locked() {
    source_->references--;
    if (slot_ == nullptr) {
      source_->queue.slotless--;
      return (monotonic_time() < deadline_ && !ending_) || ends(fails(fault_, kTimedOut));
    }
    SlotState state = leave_queue_locked(&source_->queue, slot_);
    if (ending_ && state != kShown) return ends(fails(fault_, kTimedOut));
    if (state == kQueued) {
      source_->unserved = true;
      return ends(fails(fault_, kUnserved));
    }
    if (state != kShown) return ends(fails(fault_, source_->closed ? kUnserved : state == kTaken ? kTimedOut : kDriver));
    return ends(is_covered_locked(page_) ? meets_cover(fault_) : Waited::kRetry);
  }

  Waited outcome() const { return outcome_; }

 private:
  static constexpr uint64_t kStep = 100'000'000;

  uint64_t next_step() const { return std::min(deadline_, monotonic_time() + kStep); }
  static bool is_to_end() { return current_thread_state != nullptr && is_ending(current_thread_state); }
  bool ends(Waited outcome) {
    outcome_ = outcome;
    return false;
  }

  Fault* fault_;
  uintptr_t page_;
  GuardSource* source_ = nullptr;
  Slot* slot_ = nullptr;
  uint32_t freed_ = 0;
  uint64_t deadline_ = 0;
  bool waited_ = false;
  bool ending_ = false;
  Waited outcome_ = Waited::kElsewhere;
};

}  // namespace

NoWaiting::NoWaiting() { here.may_not_wait = true; }
NoWaiting::~NoWaiting() { here.may_not_wait = false; }

Waited wait_for_page(Fault* fault) {
  if (here.may_not_wait) return Waited::kElsewhere;
  if (userfaultfd_contexts.load(std::memory_order_relaxed) > 0 && may_have_been_absent(fault->address)) return Waited::kRetry;
  if (watched_ranges.load(std::memory_order_relaxed) == 0) return Waited::kElsewhere;
  PageWait wait(fault);
  for (;;) {
    {
      TableLock lock;
      if (!wait.begin_locked()) return wait.outcome();
    }
    wait.wait();
    TableLock lock;
    if (!wait.goes_on_locked()) return wait.outcome();
  }
}

}  // namespace vmarea
