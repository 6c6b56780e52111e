#include "forget-range.h"

#include <unistd.h>

#include "held-flags.h"
#include "userfaultfd.h"

namespace vmarea {

void forget_range_locked(uintptr_t start, size_t length) {
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t whole = (length + page - 1) & ~(page - 1);
  forget_userfaultfd_range(start, whole);
  forget_held_locked(start, start + whole);
}

void grow_range_locked(uintptr_t end, uintptr_t new_end) {
  grow_userfaultfd_range(end, new_end);
  grow_held_locked(end, new_end);
}

}  // namespace vmarea
