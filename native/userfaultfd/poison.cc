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

// Reads what is queued, so that no layout event holds the pages back. A child that a fork made is dealt with as its parent.
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

// Poisons what is absent in [start, end) and passes over what is there. Stops where the address space is gone.
void poison_span(int descriptor, uintptr_t start, uintptr_t end, const std::vector<Range>& ranges) {
  const size_t page = page_size();
  size_t step = page;  // of the memory itself: larger for huge pages
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
      length = std::max(step, length / 2 / step * step);  // it runs past the end of an area
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
      address += step;  // nothing of ours is there any more
      length = std::min(length, step);
    }
  }
}

// Poisons what has a fault that would have been asked about: a missing page where missing ones were registered, one in the page cache that
// is not mapped where minor faults were. The kernel makes the others itself, as it did before.
void poison_unserved(int descriptor, const Range& range, const std::vector<Range>& ranges) {
  const size_t page = page_size();
  constexpr size_t kBatch = 4096;
  std::vector<uint8_t> there(kBatch);
  size_t batch = kBatch;
  for (uintptr_t address = range.start; address < range.end;) {
    size_t count = std::min(batch, (range.end - address) / page);
    if (mincore(reinterpret_cast<void*>(address), count * page, there.data()) != 0) {
      batch = std::max(count / 2, size_t{1});  // a hole is in it
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

// Answers 0 or an error number. Reads the events that hold it back.
int lift_part(int descriptor, uint64_t start, uint64_t length, const std::vector<Range>& ranges) {
  for (int patience = 2000;; patience--) {
    UffdProtect argument = {start, length, 0};
    if (ioctl(descriptor, kWriteprotect, &argument) == 0) return 0;
    if (errno != EAGAIN || patience == 0) return errno;
    drain(descriptor, ranges);
    usleep(1000);
  }
}

// A missing page that is write-protected holds a mark, over which the kernel does not poison.
void lift_protection(int descriptor, const Range& range, const std::vector<Range>& ranges, bool own_memory) {
  int error = lift_part(descriptor, range.start, range.end - range.start, ranges);
  if (error == 0) return;
  // Of another process it is not known which modes were registered: ENOENT at the first byte means that this one was not.
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
        poison_span(descriptor, range.start, range.end, ranges);  // what another process has in its page cache can't be seen
    }
    wake_range(descriptor, range.start, range.end - range.start);
  }
}

}  // namespace vmarea::uffd
