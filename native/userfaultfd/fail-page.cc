#include "userfaultfd/fail-page.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>

#include "addon/layout-lock.h"
#include "page/page-entry.h"
#include "page/page-size.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::uffd {
namespace {

int poison(int descriptor, uint64_t address, uint64_t length) {
  UffdFill fill = {address & ~(length - 1), length, 0, 0};
  return ioctl(descriptor, kPoison, &fill) == 0 ? 0 : -errno;
}

// The fault's message does not contain the size of the page: `length` is the size that the kernel accepted.
int poison_page(int descriptor, uint64_t address, size_t* length) {
  *length = page_size();
  int error = poison(descriptor, address, *length);
  for (int level = 0; error == -EINVAL && level < 2; level++) error = poison(descriptor, address, *length *= 512);
  return error;
}

int set_unprotected(int descriptor, uint64_t address, uint64_t mode) {
  UffdProtect argument = {address, page_size(), mode};
  return ioctl(descriptor, kWriteprotect, &argument) == 0 ? 0 : -errno;
}

// Removes a protected page of a file from the page table. The file keeps it.
int zap_protected_locked(const Context* context, uint64_t address) {
  LayoutHolds holds;
  int error = layout_try_read_lock(&holds);  // keep the range mapped meanwhile
  if (error != 0) return error;
  bool registered = std::any_of(context->ranges.begin(), context->ranges.end(), [=](const Range& range) {
    return range.start <= address && address < range.end && (range.mode & kModeWp) != 0;
  });
  if (!registered) error = -ENOENT;
  else if (madvise(reinterpret_cast<void*>(address), page_size(), MADV_DONTNEED) != 0) error = -errno;
  layout_read_unlock(&holds);
  return error == 0 ? set_unprotected(context->keeper, address, kProtectDontWake) : error;
}

int fail_write(const Context* context, uint64_t address, size_t* length) {
  uint64_t entry = context->own_memory ? page_entry(address) : 0;
  bool of_file = (entry & kPagePresent) != 0 && (entry & kPageOfFile) != 0;
  if (!of_file) return set_unprotected(context->keeper, address, 0);
  int error = zap_protected_locked(context, address);
  return error != 0 ? error : poison_page(context->keeper, address, length);
}

}  // namespace

int fail_page_locked(Context* context, uint64_t address, uint64_t flags) {
  address &= ~(static_cast<uint64_t>(page_size()) - 1);
  int error;
  size_t length = page_size();
  if ((flags & kFaultOfProtection) != 0) {
    error = fail_write(context, address, &length);
  } else {
    error = poison_page(context->keeper, address, &length);
    // The kernel does not poison over the protection marker of a missing page.
    if (error == -EEXIST && context->own_memory && is_protection_mark(page_entry(address)) &&
        set_unprotected(context->keeper, address, kProtectDontWake) == 0)
      error = poison_page(context->keeper, address, &length);
  }
  if (error != 0 && error != -EAGAIN) wake_range(context->keeper, address & ~(static_cast<uint64_t>(length) - 1), length);
  return error;
}

bool has_poison(int descriptor) {
  // A kernel that has the call reads its argument first. Memory may be at address 0, and wait for this thread; at this address none can be.
  void* nowhere = reinterpret_cast<void*>(~uintptr_t{0});
  return ioctl(descriptor, kPoison, nowhere) == 0 || errno != EINVAL;
}

}  // namespace vmarea::uffd
