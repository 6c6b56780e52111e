// Queries about an address space, of this process or another: the ioctls of /proc/PID/maps and /proc/PID/pagemap, reads of whole files in
// /proc, process_vm_readv and process_madvise. None of them takes the layout lock: the holder of a guard calls them.
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "addon/answer.h"
#include "addon/callback.h"
#include "addon/function-tables.h"
#include "calls/bring-in.h"
#include "calls/emulated-calls.h"
#include "guard/present-memory.h"
#include "guard/shown-pages.h"
#include "page/guarded-copy.h"
#include "page/newer-kernel.h"
#include "page/page-size.h"

namespace vmarea {
namespace {

// struct procmap_query of <linux/fs.h>.
struct ProcmapQuery {
  uint64_t size;
  uint64_t query_flags;
  uint64_t query_addr;
  uint64_t vma_start;
  uint64_t vma_end;
  uint64_t vma_flags;
  uint64_t vma_page_size;
  uint64_t vma_offset;
  uint64_t inode;
  uint32_t dev_major;
  uint32_t dev_minor;
  uint32_t vma_name_size;
  uint32_t build_id_size;
  uint64_t vma_name_addr;
  uint64_t build_id_addr;
};
static_assert(sizeof(ProcmapQuery) == 104, "the kernel's layout");
constexpr unsigned long kProcmapQuery = 0xc0686611;
constexpr size_t kLongestName = 4096;

// struct pm_scan_arg of <linux/fs.h>.
struct PagemapScan {
  uint64_t size;
  uint64_t flags;
  uint64_t start;
  uint64_t end;
  uint64_t walk_end;
  uint64_t vec;
  uint64_t vec_len;
  uint64_t max_pages;
  uint64_t category_inverted;
  uint64_t category_mask;
  uint64_t category_anyof_mask;
  uint64_t return_mask;
};
static_assert(sizeof(PagemapScan) == 96, "the kernel's layout");
constexpr unsigned long kPagemapScan = 0xc0606610;
constexpr size_t kRegionWords = 3;

// Writes the kernel's structure to the array, followed by the name; an array of the size of the structure requests no name.
int64_t procmap_query(int descriptor, uint64_t address, uint64_t flags, View<uint8_t> bytes) {
  if (bytes.length < sizeof(ProcmapQuery)) return -EINVAL;
  ProcmapQuery query = {};
  query.size = sizeof query;
  query.query_flags = flags;
  query.query_addr = address;
  size_t name_room = bytes.length - sizeof query;
  if (name_room > 0) {
    query.vma_name_addr = reinterpret_cast<uint64_t>(bytes.data + sizeof query);
    query.vma_name_size = static_cast<uint32_t>(std::min(name_room, kLongestName));
  }
  if (ioctl(descriptor, kProcmapQuery, &query) != 0) return -errno;
  memcpy(bytes.data, &query, sizeof query);
  return 0;
}

// Writes the end of the walk to word 0, then three words for each region: start, end, categories. Returns the number of regions.
int64_t pagemap_scan(int descriptor, uint64_t start, uint64_t end, uint64_t flags, uint64_t wanted, uint64_t told, View<uint64_t> words) {
  size_t regions = words.length < 1 + kRegionWords ? 0 : (words.length - 1) / kRegionWords;
  if (regions == 0) return -EINVAL;
  PagemapScan scan = {};
  scan.size = sizeof scan;
  scan.flags = flags;
  scan.start = start;
  scan.end = end;
  scan.vec = reinterpret_cast<uint64_t>(words.data + 1);
  scan.vec_len = regions;
  scan.category_mask = wanted;
  scan.return_mask = told;
  int found = ioctl(descriptor, kPagemapScan, &scan);
  if (found < 0) return -errno;
  words.data[0] = scan.walk_end;
  return found;
}

// Reads from the position on until the array is full or the file ends. Returns the number of bytes; fewer than the array has means the end.
int64_t read_fully(int descriptor, int64_t position, View<uint8_t> bytes) {
  size_t done = 0;
  while (done < bytes.length) {
    ssize_t length = pread(descriptor, bytes.data + done, bytes.length - done, position + static_cast<int64_t>(done));
    if (length == 0) break;
    if (length > 0) {
      done += static_cast<size_t>(length);
    } else if (errno != EINTR) {
      return -errno;
    }
  }
  return static_cast<int64_t>(done);
}

// Returns the number of bytes before the first that can't be read, or the error where there are none.
int64_t process_vm_readv_call(ThreadState* state, int process, uint64_t address, View<uint8_t> bytes) {
  const uint64_t start = address & ~(uint64_t{page_size()} - 1), end = address + bytes.length;
  if (process == getpid() && end > start) {
    if (would_wait(state, start, end, BringsIn::kReads)) return kWouldWait;
    bring_in(start, end, BringsIn::kReads);
  }
  size_t done = 0;
  while (done < bytes.length) {
    struct iovec local = {bytes.data + done, bytes.length - done};
    struct iovec remote = {reinterpret_cast<void*>(address + done), bytes.length - done};
    ssize_t copied = process_vm_readv(process, &local, 1, &remote, 1, 0);
    if (copied > 0) {
      done += static_cast<size_t>(copied);
    } else if (done > 0 || copied == 0) {
      break;
    } else {
      return -errno;
    }
  }
  return static_cast<int64_t>(done);
}

int64_t pidfd_open_call(int process) { return answer(syscall(SYS_pidfd_open, process, 0)); }

// madvise(2) on this process without the layout lock: for advice that does not change the layout.
int64_t advise_bare(uint64_t address, size_t length, int advice) {
  int64_t result = answer(syscall(SYS_madvise, address, length, advice));
  return result == 0 && is_zap(advice) ? hide_zapped_pages(address, address + whole_pages(length)) : result;
}

// Writes to memory of this process. A bad page is an error.
int write_memory(uint64_t address, View<uint8_t> bytes) {
  Fault fault;
  return guarded_copy(reinterpret_cast<void*>(address), bytes.data, bytes.length, &fault) < bytes.length ? -EFAULT : 0;
}

// Copies memory of this process and waits for no page. Returns the bytes before the first page that an access would wait for.
double copy_present_call(uint64_t target, uint64_t address, size_t length) {
  return static_cast<double>(copy_present(reinterpret_cast<void*>(target), address, length));
}

// The same, of the true pages where pages are covered, to memory of JavaScript.
double read_true_pages(uint64_t address, View<uint8_t> bytes) {
  return static_cast<double>(copy_true_pages(bytes.data, address, bytes.length));
}

// Writes to private memory of this process, whatever its permission. Returns the bytes that it wrote.
double write_hidden_call(uint64_t address, View<uint8_t> bytes) {
  return static_cast<double>(write_hidden(address, bytes.data, bytes.length));
}

constexpr Function kFunctions[] = {
    {"procmapQuery", callback<procmap_query>},
    {"pagemapScan", callback<pagemap_scan>},
    {"readFully", callback<read_fully>},
    {"processVmReadv", callback<process_vm_readv_call>},
    {"pidfdOpen", callback<pidfd_open_call>},
    {"processMadvise", callback<emulated_process_madvise>},
    {"adviseBare", callback<advise_bare>},
    {"writeMemory", callback<write_memory>},
    {"copyPresent", callback<copy_present_call>},
    {"readTruePages", callback<read_true_pages>},
    {"writeHidden", callback<write_hidden_call>},
};

}  // namespace

const FunctionTable kProcessMemory(kFunctions);

}  // namespace vmarea
