// Changes to areas by their server: only where the whole range is registered with this userfaultfd, else -ENOENT. The addresses may have
// been reused before the server learns of an unmap.
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "addon/answer.h"
#include "addon/function-tables.h"
#include "addon/layout-lock.h"
#include "region/absence.h"
#include "region/region-table.h"
#include "userfaultfd/userfaultfd-call.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea {

using namespace uffd;

namespace {

// Calls `change` while holding the write side of the layout lock.
template <typename Change>
int64_t change_own(ThreadState* state, Handle* handle, Operands place, int (*lock_layout)(LayoutHolds*), Change change) {
  LayoutWriter writer(&state->holds, lock_layout);
  if (writer.error != 0) return writer.error;
  TableLock table;
  Lock lock(mutex());
  if (place.length == 0 || own_part_locked(handle->context, place.start, place.length) < place.length) return -ENOENT;
  return change(reinterpret_cast<void*>(place.start));
}

// Maps a part of a file there, and registers it in the modes of the memory that it replaces.
Resolved map_over_own(ThreadState* state, Handle* handle, Operands place, int protection, int flags, int descriptor, int64_t offset) {
  int64_t code = change_own(state, handle, place, layout_insert_lock, [&](void* memory) -> int64_t {
    // Without permission until they are registered: the kernel would answer a touch itself.
    if (mmap(memory, place.length, PROT_NONE, flags | MAP_FIXED, descriptor, offset) == MAP_FAILED) return -errno;
    for (const Range& range : handle->context->ranges) {
      uintptr_t from = std::max(range.start, place.start), to = std::min(range.end, place.start + place.length);
      if (from >= to) continue;
      UffdRegister argument = {from, to - from, range.mode, 0};
      if (ioctl(handle->descriptor, kRegister, &argument) != 0) return -errno;
    }
    Region* region = find_locked(place.start);
    if (region != nullptr) note_absence_locked(region);
    return answer(syscall(SYS_mprotect, memory, place.length, protection));
  });
  return {static_cast<int>(code)};
}

Resolved protect_own(ThreadState* state, Handle* handle, Operands place, int protection) {
  int64_t code = change_own(state, handle, place, layout_write_lock, [&](void* memory) {
    return answer(syscall(SYS_mprotect, memory, place.length, protection));
  });
  return {static_cast<int>(code)};
}

constexpr Function kFunctions[] = {
    {"uffdMapOverOwn", callback<map_over_own>},
    {"uffdProtectOwn", callback<protect_own>},
};

}  // namespace

const FunctionTable kUserfaultfdOwnAreas(kFunctions);

}  // namespace vmarea
