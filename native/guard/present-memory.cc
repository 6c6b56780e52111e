#include "guard/present-memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/area-at.h"
#include "page/guarded-copy.h"
#include "region/region-table.h"
#include "region/true-pages.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

// A read of /proc/self/mem fails with EIO where an access would wait for a userfaultfd.
size_t copy_present(void* target, uintptr_t address, size_t length) {
  int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) return 0;
  ssize_t done = pread(memory, target, length, static_cast<off_t>(address));
  close(memory);
  return done < 0 ? 0 : static_cast<size_t>(done);
}

namespace {

// Each run of pages from where they are.
size_t copy_runs_locked(char* target, uintptr_t start, uintptr_t end) {
  uintptr_t at = start;
  while (at < end) {
    TruePages pages = first_true_pages_locked(at, end);
    size_t done = copy_present(target + (at - start), pages.start, pages.length);
    at += done;
    if (done < pages.length) break;
  }
  return at - start;
}

}  // namespace

size_t copy_true_pages(void* target, uintptr_t address, size_t length) {
  // Most often no page is covered: the lock is not held during the copy.
  uint64_t before;
  bool covered;
  {
    TableLock lock;
    before = count_covers_ever_locked();
    covered = first_cover_locked(address, address + length) != nullptr;
  }
  size_t done = covered ? 0 : copy_present(target, address, length);
  TableLock lock;
  if (!covered && count_covers_ever_locked() == before) return done;
  return copy_runs_locked(static_cast<char*>(target), address, address + length);
}

// The kernel lets /proc/self/mem write where the permission of private memory does not, as debuggers do.
size_t write_hidden(uintptr_t address, const void* bytes, size_t length) {
  int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory < 0) return 0;
  ssize_t done = pwrite(memory, bytes, length, static_cast<off_t>(address));
  close(memory);
  return done < 0 ? 0 : static_cast<size_t>(done);
}

bool is_read_only(uintptr_t address) {
  // Without a userfaultfd in the process, an access is the best test.
  if (userfaultfd_contexts.load() == 0) return guarded_touch(address, false);
  AreaAt area;
  if (area_at(address, &area)) return (area.protection & (PROT_READ | PROT_WRITE)) == PROT_READ;
  uint8_t byte;
  return copy_present(&byte, address, 1) == 1 && guarded_touch(address, false);
}

}  // namespace vmarea
