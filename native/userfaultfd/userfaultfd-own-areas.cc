// Changes to areas by whoever serves them: only where all of the range is registered with the very userfaultfd. What was unmapped may be
// another's by now, and whoever serves hears of that later: -ENOENT there.
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>

#include "addon/answer.h"
#include "addon/function-tables.h"
#include "addon/layout-lock.h"
#include "userfaultfd/userfaultfd-call.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea {

using namespace uffd;

namespace {

// Calls `change` with the layout held for writing, as `lock_layout` takes it.
template <typename Change>
int64_t change_own(ThreadState* state, Handle* handle, Operands place, int (*lock_layout)(LayoutHolds*), Change change) {
  LayoutWriter writer(&state->holds, lock_layout);
  if (writer.error != 0) return writer.error;
  Lock lock(mutex());
  if (place.length == 0 || own_part_locked(handle->context, place.start, place.length) < place.length) return -ENOENT;
  return change(reinterpret_cast<void*>(place.start));
}

// Maps a part of a file there, and registers that as what was there.
Resolved map_over_own(ThreadState* state, Handle* handle, Operands place, int protection, int flags, int descriptor, int64_t offset) {
  int64_t code = change_own(state, handle, place, layout_insert_lock, [&](void* memory) -> int64_t {
    if (mmap(memory, place.length, protection, flags | MAP_FIXED, descriptor, offset) == MAP_FAILED) return -errno;
    for (const Range& range : handle->context->ranges) {
      uintptr_t from = std::max(range.start, place.start), to = std::min(range.end, place.start + place.length);
      if (from >= to) continue;
      UffdRegister argument = {from, to - from, range.mode, 0};
      if (ioctl(handle->descriptor, kRegister, &argument) != 0) return -errno;
    }
    return 0;
  });
  return {static_cast<int>(code)};
}

Resolved protect_own(ThreadState* state, Handle* handle, Operands place, int protection) {
  int64_t code = change_own(state, handle, place, layout_write_lock, [&](void* memory) { return answer(mprotect(memory, place.length, protection)); });
  return {static_cast<int>(code)};
}

constexpr Function kFunctions[] = {
    {"uffdMapOverOwn", callback<map_over_own>},
    {"uffdProtectOwn", callback<protect_own>},
};

}  // namespace

const FunctionTable kUserfaultfdOwnAreas(kFunctions);

}  // namespace vmarea
