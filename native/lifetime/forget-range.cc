#include "lifetime/forget-range.h"

#include "noted/emulated-flags.h"
#include "noted/futex-waits.h"
#include "page/page-size.h"
#include "userfaultfd/userfaultfd.h"
#include "noted/watched-memory.h"

namespace vmarea {

void forget_range_locked(uintptr_t start, size_t length) {
  size_t whole = whole_pages(length);
  end_futex_waits_in_locked(start, whole);
  forget_userfaultfd_range(start, whole);
  forget_device_range_locked(start, whole);
}

void forget_device_range_locked(uintptr_t start, size_t length) {
  forget_watched_locked(start, start + length);
  forget_emulated_locked(start, start + length);
}

void grow_range_locked(uintptr_t end, uintptr_t new_end) {
  grow_userfaultfd_range(end, new_end);
  grow_emulated_locked(end, new_end);
  grow_watched_locked(end, new_end);
}

}  // namespace vmarea
