// mprotect and madvise of whole pages [from, to). Each returns 0 or a negative error number; safe in a signal handler.
#pragma once

#include <errno.h>
#include <sys/mman.h>

#include "page/table-lock.h"

namespace vmarea {

inline int protect_pages(uintptr_t from, uintptr_t to, int protection) {
  return mprotect(at(from), to - from, protection) == 0 ? 0 : -errno;
}

inline int advise_pages(uintptr_t from, uintptr_t to, int advice) { return madvise(at(from), to - from, advice) == 0 ? 0 : -errno; }

}  // namespace vmarea
