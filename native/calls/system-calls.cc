// The memory system calls, one function each. They answer with the result, or a negative error number.
#include <unistd.h>

#include "lifetime/address-root.h"
#include "addon/answer.h"
#include "addon/callback.h"
#include "lifetime/forget-range.h"
#include "addon/function-tables.h"
#include "calls/bring-in.h"
#include "calls/emulated-calls.h"
#include "page/newer-kernel.h"
#include "page/page-size.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

// A call that changes the layout, under the write side of the lock: `change` returns as `answer` does.
template <typename Change>
int64_t under_write_lock(ThreadState* state, Change change) {
  LayoutWriter writer(&state->holds);
  return writer.error != 0 ? writer.error : change();
}

int64_t munlock_call(ThreadState* state, uint64_t address, size_t length) {
  return under_write_lock(state, [&] { return answer(syscall(SYS_munlock, address, length)); });
}

int64_t mprotect_call(ThreadState* state, uint64_t address, size_t length, int protection) {
  return under_write_lock(state, [&] { return emulated_mprotect(address, length, protection); });
}

int mlock_call(ThreadState* state, uint64_t address, size_t length) { return emulated_mlock2(state, address, length, 0); }

int64_t mmap_call(ThreadState* state, uint64_t address, size_t length, int protection, int flags, int descriptor, int64_t offset) {
  return under_write_lock(state, [&] {
    int64_t result = answer(syscall(SYS_mmap, address, length, protection, flags, descriptor, offset));
    if (result >= 0 && (flags & MAP_FIXED) != 0) {
      TableLock lock;
      forget_range_locked(address, length);
    }
    return result;
  });
}

int64_t munmap_call(ThreadState* state, uint64_t address, size_t length) {
  return under_write_lock(state, [&] {
    int64_t result = answer(syscall(SYS_munmap, address, length));
    if (result == 0) {
      TableLock lock;
      forget_range_locked(address, length);
    }
    return result;
  });
}

int64_t mremap_call(ThreadState* state, uint64_t address, size_t old_length, size_t new_length, int flags, uint64_t new_address) {
  return under_write_lock(state, [&] { return emulated_mremap(address, old_length, new_length, flags, new_address); });
}

// Whether an advice changes areas, and not only their pages. One that does not must not hold the lock: it may wait for the server of the
// pages' faults or events, which may require the lock.
bool changes_areas(int advice) {
  switch (advice) {
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
    case MADV_DONTNEED_LOCKED:
      return false;
    default:
      return true;
  }
}

int64_t madvise_call(ThreadState* state, uint64_t address, size_t length, int advice) {
  if ((advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) && is_range(address, length)) {
    const BringsIn how = advice == MADV_POPULATE_WRITE ? BringsIn::kWrites : BringsIn::kReads;
    uintptr_t end = address + whole_pages(length);
    if (would_wait(state, address, end, how)) return kWouldWait;
    bring_in(address, end, how);
  }
  if (!changes_areas(advice)) return emulated_madvise(address, length, advice);
  return under_write_lock(state, [&] { return emulated_madvise(address, length, advice); });
}

int64_t msync_call(uint64_t address, size_t length, int flags) { return answer(syscall(SYS_msync, address, length, flags)); }

int64_t mlockall_call(ThreadState* state, int flags) {
  // The first call tests whether this process may lock memory.
  if ((flags & (MCL_CURRENT | MCL_ONFAULT)) == MCL_CURRENT && syscall(SYS_mlock, 0, 0) == 0) {
    if (would_wait(state, 0, UINTPTR_MAX, BringsIn::kLocksAll)) return kWouldWait;
    bring_in(0, UINTPTR_MAX, BringsIn::kLocksAll);
  }
  return under_write_lock(state, [&] { return emulated_mlockall(flags); });
}

int64_t munlockall_call(ThreadState* state) {
  return under_write_lock(state, [] { return answer(syscall(SYS_munlockall)); });
}

// `vector` must hold a byte a page.
int64_t mincore_call(uint64_t address, size_t length, View<uint8_t> vector) {
  if (length / page_size() + (length % page_size() != 0) > vector.length) return -EFAULT;
  return answer(syscall(SYS_mincore, address, length, vector.data));
}

int64_t mseal_call(ThreadState* state, uint64_t address, size_t length, int64_t flags) {
  return under_write_lock(state, [&] { return answer(syscall(SYS_mseal, address, length, flags)); });
}

// Flushes the instruction cache on processors that require it.
int flush_instruction_cache(uint64_t address, size_t length) {
  char* start = reinterpret_cast<char*>(address);
  __builtin___clear_cache(start, start + length);
  return 0;
}

// The floor of every benchmark: a call that does nothing.
int nothing() { return 0; }

int layout_read_lock_call(ThreadState* state) { return layout_read_lock(&state->holds); }

int layout_try_read_lock_call(ThreadState* state) { return layout_try_read_lock(&state->holds); }

int layout_read_unlock_call(ThreadState* state) {
  layout_read_unlock(&state->holds);
  give_back_deferred(state);
  return 0;
}

constexpr Function kFunctions[] = {
    {"mmap", callback<mmap_call>},
    {"munmap", callback<munmap_call>},
    {"mprotect", callback<mprotect_call>},
    {"mremap", callback<mremap_call>},
    {"madvise", callback<madvise_call>},
    {"msync", callback<msync_call>},
    {"mlock", callback<mlock_call>},
    {"mlock2", callback<emulated_mlock2>},
    {"munlock", callback<munlock_call>},
    {"mlockall", callback<mlockall_call>},
    {"munlockall", callback<munlockall_call>},
    {"mincore", callback<mincore_call>},
    {"mseal", callback<mseal_call>},
    {"flushInstructionCache", callback<flush_instruction_cache>},
    {"nothing", callback<nothing>},
    {"layoutReadLock", callback<layout_read_lock_call>},
    {"layoutTryReadLock", callback<layout_try_read_lock_call>},
    {"layoutReadUnlock", callback<layout_read_unlock_call>},
};

}  // namespace

const FunctionTable kSystemCalls(kFunctions);

}  // namespace vmarea
