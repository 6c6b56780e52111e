// How faults are resolved. Addresses and lengths come in the shared_results, and the answers go there.
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>

#include "addon/answer.h"
#include "addon/function-tables.h"
#include "addon/layout-lock.h"
#include "page/page-entry.h"
#include "page/page-size.h"
#include "userfaultfd/userfaultfd-call.h"
#include "userfaultfd/userfaultfd-interface.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

using namespace uffd;

namespace {

// Records the answer: a resolving ioctl returned `outcome`, and the kernel wrote `done`, a count or a negative error number.
Resolved resolved(Handle* handle, int outcome, int64_t done, uint64_t start, bool wakes) {
  int code = outcome == 0 ? 0 : -errno;
  if (wakes && done > 0) note_answer(handle->context, start, static_cast<uint64_t>(done));
  return {code, std::max<int64_t>(done, 0)};
}

Resolved copy(ThreadState* state, Handle* handle, Operands place, uint64_t mode, View<uint8_t> bytes) {
  uintptr_t source = reinterpret_cast<uintptr_t>(bytes.data);
  if (place.length > bytes.length) return {-EFAULT};
  if (access_waits_for_itself(state, source, place.length, false)) return {-EDEADLK};
  if (is_anothers_device(handle, place.start, place.length)) return {-ENOENT};
  UffdCopy argument = {place.start, source, place.length, mode, 0};
  int outcome = ioctl(handle->descriptor, kCopy, &argument);
  return resolved(handle, outcome, argument.done, argument.destination, (mode & kDontWake) == 0);
}

template <unsigned long kRequest>
Resolved fill(Handle* handle, Operands place, uint64_t mode) {
  if (is_anothers_device(handle, place.start, place.length)) return {-ENOENT};
  UffdFill argument = {place.start, place.length, mode, 0};
  int outcome = ioctl(handle->descriptor, kRequest, &argument);
  return resolved(handle, outcome, argument.done, argument.start, (mode & kDontWake) == 0);
}

// The calls named `own` work only in memory that is registered with this userfaultfd: after an unmap the addresses may be reused, and the
// kernel would accept the answer all the same. The records of a region are dropped, under this lock, before its addresses are freed.
template <unsigned long kRequest, typename Argument>
Resolved resolve_own_locked(Handle* handle, Argument argument, uint64_t start) {
  argument.length = own_part_locked(handle->context, start, argument.length);
  if (argument.length == 0) return {-ENOENT};
  int outcome = ioctl(handle->descriptor, kRequest, &argument);
  int code = outcome == 0 ? 0 : -errno;
  int64_t done = std::max<int64_t>(argument.done, 0);
  if ((argument.mode & kDontWake) == 0 && done > 0) note_answer_locked(handle->context, start, static_cast<uint64_t>(done));
  return {code, done};
}

// From the other place on in the bytes.
Resolved copy_own(Handle* handle, Operands place, uint64_t mode, View<uint8_t> bytes) {
  if (place.other > bytes.length || place.length > bytes.length - place.other) return {-EFAULT};
  Lock lock(mutex());
  UffdCopy argument = {place.start, reinterpret_cast<uintptr_t>(bytes.data + place.other), place.length, mode, 0};
  return resolve_own_locked<kCopy>(handle, argument, place.start);
}

template <unsigned long kRequest>
Resolved fill_own(Handle* handle, Operands place, uint64_t mode) {
  Lock lock(mutex());
  return resolve_own_locked<kRequest>(handle, UffdFill{place.start, place.length, mode, 0}, place.start);
}

// Unmaps pages in memory that is registered with this userfaultfd. -EAGAIN while the layout changes.
Resolved hide_own(ThreadState* state, Handle* handle, Operands place) {
  size_t length;
  int code = layout_try_read_lock(&state->holds);
  if (code != 0) return {code};
  {
    Lock lock(mutex());
    length = own_part_locked(handle->context, place.start, place.length);
  }
  // The read side of the layout lock keeps the memory mapped.
  code = length == 0 ? -ENOENT : madvise(reinterpret_cast<void*>(place.start), length, MADV_DONTNEED) == 0 ? 0 : -errno;
  layout_read_unlock(&state->holds);
  return {code, code == 0 ? static_cast<int64_t>(length) : 0};
}

// From the other place.
Resolved move(Handle* handle, Operands place, uint64_t mode) {
  UffdMove argument = {place.start, place.other, place.length, mode, 0};
  int outcome = ioctl(handle->descriptor, kMove, &argument);
  return resolved(handle, outcome, argument.done, argument.destination, (mode & kDontWake) == 0);
}

Resolved writeprotect(Handle* handle, Operands place, uint64_t mode) {
  if (is_anothers_device(handle, place.start, place.length)) return {-ENOENT};
  UffdProtect argument = {place.start, place.length, mode};
  int outcome = ioctl(handle->descriptor, kWriteprotect, &argument);
  bool wakes = (mode & (kProtect | kProtectDontWake)) == 0;
  return resolved(handle, outcome, outcome == 0 ? static_cast<int64_t>(place.length) : 0, place.start, wakes);
}

Resolved wake(Handle* handle, Operands place) {
  UffdRange argument = {place.start, place.length};
  int outcome = ioctl(handle->descriptor, kWake, &argument);
  return resolved(handle, outcome, outcome == 0 ? static_cast<int64_t>(place.length) : 0, place.start, true);
}

// Removes poison from the page table, so that the next touch faults. A page that was installed meanwhile stays: it may be a private copy
// that exists only there.
int64_t take_poison(uint64_t address) {
  uintptr_t page = address & ~(static_cast<uintptr_t>(page_size()) - 1);
  uint64_t entry = page_entry(page);
  if (entry != 0 && !is_poison_mark(entry)) return 0;
  return answer(madvise(reinterpret_cast<void*>(page), page_size(), MADV_DONTNEED));
}

constexpr Function kFunctions[] = {
    {"uffdCopy", callback<copy>},
    {"uffdZeropage", callback<fill<kZeropage>>},
    {"uffdContinue", callback<fill<kContinue>>},
    {"uffdPoison", callback<fill<kPoison>>},
    {"uffdCopyOwn", callback<copy_own>},
    {"uffdContinueOwn", callback<fill_own<kContinue>>},
    {"uffdPoisonOwn", callback<fill_own<kPoison>>},
    {"uffdHideOwn", callback<hide_own>},
    {"uffdMove", callback<move>},
    {"uffdWriteprotect", callback<writeprotect>},
    {"uffdWake", callback<wake>},
    {"uffdTakePoison", callback<take_poison>},
};

}  // namespace

const FunctionTable kUserfaultfdResolving(kFunctions);

}  // namespace vmarea
