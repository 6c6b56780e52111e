#include "move-page.h"

#include "newer-kernel.h"
#include "region-table.h"

namespace vmarea {

Moved move_page(uintptr_t from, uintptr_t to, size_t length) {
  if (mremap(at(from), length, length, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(to)) != MAP_FAILED) return Moved::kKept;
  if (mremap(at(from), length, length, MREMAP_MAYMOVE | MREMAP_FIXED, at(to)) != MAP_FAILED) return Moved::kHole;
  return Moved::kNo;
}

}  // namespace vmarea
