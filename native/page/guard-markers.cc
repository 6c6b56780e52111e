#include "page/guard-markers.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "page/newer-kernel.h"
#include "page/page-size.h"

namespace vmarea {
namespace {

bool try_to_mark() {
  int file = static_cast<int>(syscall(SYS_memfd_create, "vmarea-probe", 1u /* MFD_CLOEXEC */));
  if (file < 0) return false;
  size_t page = page_size();
  bool can = false;
  if (ftruncate(file, static_cast<off_t>(page)) == 0) {
    void* place = mmap(nullptr, page, PROT_NONE, MAP_SHARED, file, 0);
    if (place != MAP_FAILED) {
      can = madvise(place, page, MADV_GUARD_INSTALL) == 0 && madvise(place, page, MADV_GUARD_REMOVE) == 0;
      munmap(place, page);
    }
  }
  close(file);
  return can;
}

}  // namespace

bool can_mark_files() {
  static const bool can = try_to_mark();
  return can;
}

}  // namespace vmarea
