#include "addon/answer.h"
#include "calls/bring-in.h"
#include "calls/emulated-calls.h"
#include "noted/emulated-flags.h"
#include "page/newer-kernel.h"
#include "region/region-table.h"
#include "page/touch-pages.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

constexpr int kOnFault = MLOCK_ONFAULT;  // mlock2(2) in flags of mlock(2)'s

namespace {

int lock_pages(ThreadState* state, uintptr_t start, size_t bytes, int flags) {
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  // Kernels without mlock2 have mlock, which is the same without flags.
  return static_cast<int>(answer(flags == 0 ? syscall(SYS_mlock, start, bytes) : syscall(SYS_mlock2, start, bytes, flags)));
}

// mlock2(2), which never waits for a page that a userfaultfd of this process serves while it holds the layout lock. The kernel first checks the
// rights, the limit and the holes and marks all areas; with ONFAULT it does no more. Served pages are touched then. Their areas keep
// the mark ONFAULT, since a page that left memory meanwhile would be waited for again.
int lock_served(ThreadState* state, uintptr_t start, size_t bytes, int flags) {
  uintptr_t end = start + bytes;
  if (flags != 0 || bytes == 0 || registered_parts(start, end).empty()) return lock_pages(state, start, bytes, flags);
  int result = lock_pages(state, start, bytes, kOnFault);
  if (result != 0) return result;
  each_served_part(start, end, [&](bool served, uintptr_t from, uintptr_t to) {
    if (served) result = bring_in(from, to, BringsIn::kLocks) ? 0 : -ENOMEM;
    else result = lock_pages(state, from, to - from, 0);
    return result == 0;
  });
  return result;
}

}  // namespace

int emulated_mlock2(ThreadState* state, uintptr_t address, size_t length, int flags) {
  auto lock_part = [&](uintptr_t start, size_t bytes) { return lock_served(state, start, bytes, flags); };
  uintptr_t start = address & ~(static_cast<uintptr_t>(page_size()) - 1);
  size_t whole = whole_pages(length + (address - start));
  if (whole < length || start + whole < start || (flags & ~kOnFault) != 0) return lock_pages(state, address, length, flags);
  if (flags == 0 && would_wait(state, start, start + whole, BringsIn::kLocks)) return kWouldWait;
  std::vector<EmulatedRange> held = emulated_in(start, start + whole);
  if (held.empty()) return lock_part(start, whole);
  int result = lock_part(start, 0);  // tests whether this process may lock memory
  if (result != 0) return result;
  // Fault the pages in first and without the layout lock, which their server may require. ONFAULT is a flag of the area, which a special
  // one never has.
  bool special_there = true;
  for (const EmulatedRange& range : held) {
    bool special = (range.set & kVmSpecial) != 0;
    if ((!special && (flags & kOnFault) != 0) || (range.set & (kVmIo | kVmPfnmap)) != 0) continue;
    if (access_waits_for_itself(state, range.start, range.end - range.start, false)) return kWouldWait;
    if (!touch_pages(range.start, range.end, false) && special) special_there = false;
  }
  // The kernel marks all areas up to a hole before it faults pages in: a call that fails for a page has marked them.
  uintptr_t done = start;
  auto lock_up_to = [&](uintptr_t end) {
    if (done >= end) return true;
    int answered = lock_part(done, end - done);
    bool marked = answered == 0 || ((answered == -ENOMEM || answered == -EAGAIN) && msync(at(done), end - done, 0) == 0);
    if (result == 0 || !marked) result = answered;
    return marked;
  };
  for (const EmulatedRange& range : held) {
    if ((range.set & kVmSpecial) == 0) continue;
    if (!lock_up_to(range.start)) return result;
    done = range.end;
  }
  if (!lock_up_to(start + whole)) return result;
  return result == 0 && !special_there ? -ENOMEM : result;
}

int emulated_mlockall(int flags) {
  int result = static_cast<int>(answer(syscall(SYS_mlockall, flags)));
  if (result != 0) return result;
  for (const EmulatedRange& range : emulated_in(0, UINTPTR_MAX))
    if (range.set & kVmSpecial) munlock(at(range.start), range.end - range.start);
  return 0;
}

}  // namespace vmarea
