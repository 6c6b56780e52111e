#include "userfaultfd/poison.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "page/page-size.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::uffd {
namespace {

// Reads the queued events, because an unread layout event blocks resolving. A forked child is handled as its parent.
void drain(int descriptor, const std::vector<Range>& ranges) {
  UffdMessage messages[16];
  ssize_t length;
  while ((length = read(descriptor, messages, sizeof messages)) > 0) {
    for (size_t index = 0; index < static_cast<size_t>(length) / sizeof *messages; index++) {
      if (messages[index].event != kEventFork) continue;
      int child = static_cast<int>(messages[index].fork.descriptor);
      poison_ranges(child, ranges, false);
      close(child);
    }
  }
}

// Poisons missing pages in [start, end) and skips present ones. Stops where the address space has ended.
void poison_span(int descriptor, uintptr_t start, uintptr_t end, const std::vector<Range>& ranges) {
  const size_t page = page_size();
  size_t step = page;  // the page size of the memory: larger for huge pages
  uintptr_t address = start;
  size_t length = end - start;
  int patience = 2000;
  while (address < end) {
    length = std::min(length, static_cast<size_t>(end - address));
    UffdFill fill = {address, length, 0, 0};
    if (ioctl(descriptor, kPoison, &fill) == 0) {
      address += length;
      length = end - address;
      continue;
    }
    if (fill.done > 0) {
      address += static_cast<size_t>(fill.done);
      length = end - address;
      continue;
    }
    if (errno == EAGAIN && patience-- > 0) {
      drain(descriptor, ranges);
      usleep(1000);
    } else if (errno == ENOENT && length > step) {
      length = std::max(step, length / 2 / step * step);  // the range extends past the end of an area
    } else if (errno == EINVAL && step == page && address % (512 * page) == 0 && (end - address) % (512 * page) == 0) {
      step = 512 * page;
      length = end - address;
    } else if (errno == EINVAL && step == 512 * page && address % (step * 512) == 0 && (end - address) % (step * 512) == 0) {
      step *= 512;
      length = end - address;
    } else if (errno == ESRCH) {
      return;
    } else if (errno == EEXIST) {
      address += step;
      length = end - address;
    } else {
      address += step;  // skip memory that is no longer registered
      length = std::min(length, step);
    }
  }
}

// Poisons each page whose touch would have been a fault: a missing page in `missing` mode, an unmapped page of the page cache in `minor`
// mode. The kernel provides the others itself, as before.
void poison_unserved(int descriptor, const Range& range, const std::vector<Range>& ranges) {
  const size_t page = page_size();
  constexpr size_t kBatch = 4096;
  std::vector<uint8_t> there(kBatch);
  size_t batch = kBatch;
  for (uintptr_t address = range.start; address < range.end;) {
    size_t count = std::min(batch, (range.end - address) / page);
    if (mincore(reinterpret_cast<void*>(address), count * page, there.data()) != 0) {
      batch = std::max(count / 2, size_t{1});  // the batch contains a hole
      if (count > 1) continue;
      poison_span(descriptor, address, address + page, ranges);
      address += page;
      continue;
    }
    batch = std::min(2 * count, kBatch);
    for (size_t first = 0; first < count;) {
      size_t last = first;
      while (last < count && (there[last] & 1) == (there[first] & 1)) last++;
      if ((range.mode & ((there[first] & 1) != 0 ? kModeMinor : kModeMissing)) != 0)
        poison_span(descriptor, address + first * page, address + last * page, ranges);
      first = last;
    }
    address += count * page;
  }
}

// Returns 0 or an error number. Reads the events that block it.
int lift_part(int descriptor, uint64_t start, uint64_t length, const std::vector<Range>& ranges) {
  for (int patience = 2000;; patience--) {
    UffdProtect argument = {start, length, 0};
    if (ioctl(descriptor, kWriteprotect, &argument) == 0) return 0;
    if (errno != EAGAIN || patience == 0) return errno;
    drain(descriptor, ranges);
    usleep(1000);
  }
}

// A write-protected missing page has a marker, which the kernel does not poison over.
void lift_protection(int descriptor, const Range& range, const std::vector<Range>& ranges, bool own_memory) {
  int error = lift_part(descriptor, range.start, range.end - range.start, ranges);
  if (error == 0) return;
  // For another process the registered modes are not known: ENOENT at the first byte means that this one was not.
  if (!own_memory && error == ENOENT && lift_part(descriptor, range.start, page_size(), ranges) == ENOENT) return;
  for (uintptr_t address = range.start; address < range.end; address += page_size()) {
    UffdProtect argument = {address, page_size(), 0};
    ioctl(descriptor, kWriteprotect, &argument);
  }
}

}  // namespace

int wake_range(int descriptor, uint64_t start, uint64_t length) {
  UffdRange range = {start, length};
  return ioctl(descriptor, kWake, &range) == 0 ? 0 : -errno;
}

void poison_ranges(int descriptor, const std::vector<Range>& ranges, bool own_memory) {
  drain(descriptor, ranges);
  for (const Range& range : ranges) {
    if ((range.mode & kModeWp) != 0) lift_protection(descriptor, range, ranges, own_memory);
    if ((range.mode & (kModeMinor | kModeMissing)) != 0) {
      if (own_memory)
        poison_unserved(descriptor, range, ranges);
      else
        poison_span(descriptor, range.start, range.end, ranges);  // the page cache behind another process's memory can't be examined
    }
    wake_range(descriptor, range.start, range.end - range.start);
  }
}

}  // namespace vmarea::uffd
