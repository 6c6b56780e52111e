// What can be asked about an address space, this process's or another's: the ioctls of /proc/PID/maps and /proc/PID/pagemap, whole
// reads of /proc, process_vm_readv and process_madvise. None of them takes the layout lock: whoever holds a guard calls them.
#include "process-memory.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "held-calls.h"

// Headers older than the kernel they run on lack these.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

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

double answer(long result) { return result == -1 ? -errno : static_cast<double>(result); }

// PROCMAP_QUERY. The answer goes to the array as the kernel's structure, followed by the name; an array of the bare structure asks for
// no name.
napi_value procmap_query(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  uint64_t address = call.address(1);
  uint64_t flags = call.size(2);
  size_t room = 0;
  uint8_t* bytes = call.bytes(3, &room);
  if (call.wrong()) return nullptr;
  if (room < sizeof(ProcmapQuery)) return call.result(-EINVAL);
  ProcmapQuery query = {};
  query.size = sizeof query;
  query.query_flags = flags;
  query.query_addr = address;
  size_t name_room = room - sizeof query;
  if (name_room > 0) {
    query.vma_name_addr = reinterpret_cast<uint64_t>(bytes + sizeof query);
    query.vma_name_size = static_cast<uint32_t>(name_room < kLongestName ? name_room : kLongestName);
  }
  if (ioctl(descriptor, kProcmapQuery, &query) != 0) return call.result(-errno);
  memcpy(bytes, &query, sizeof query);
  return call.result(0);
}

// PAGEMAP_SCAN. Word 0 takes where the walk ended, then three words a region: start, end, categories. Answers the regions.
napi_value pagemap_scan(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  uint64_t start = call.address(1);
  uint64_t end = call.address(2);
  uint64_t categories = call.size(3);
  size_t room = 0;
  uint8_t* bytes = call.bytes(4, &room);
  if (call.wrong()) return nullptr;
  uint64_t* words = reinterpret_cast<uint64_t*>(bytes);
  size_t regions = room / sizeof(uint64_t) < 1 + kRegionWords ? 0 : (room / sizeof(uint64_t) - 1) / kRegionWords;
  if (regions == 0) return call.result(-EINVAL);
  PagemapScan scan = {};
  scan.size = sizeof scan;
  scan.start = start;
  scan.end = end;
  scan.vec = reinterpret_cast<uint64_t>(words + 1);
  scan.vec_len = regions;
  scan.return_mask = categories;
  int found = ioctl(descriptor, kPagemapScan, &scan);
  if (found < 0) return call.result(-errno);
  words[0] = scan.walk_end;
  return call.result(found);
}

// Reads from the position on until the array is full or the file ends. Answers the bytes; fewer than asked for means the end.
napi_value read_fully(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  int64_t position = call.integer(1);
  size_t room = 0;
  uint8_t* bytes = call.bytes(2, &room);
  if (call.wrong()) return nullptr;
  size_t done = 0;
  while (done < room) {
    ssize_t length = pread(descriptor, bytes + done, room - done, position + static_cast<int64_t>(done));
    if (length == 0) break;
    if (length > 0) {
      done += static_cast<size_t>(length);
    } else if (errno != EINTR) {
      return call.result(-errno);
    }
  }
  return call.result(static_cast<double>(done));
}

// process_vm_readv. Answers the bytes up to the first that can't be read, or the error where there are none.
napi_value process_vm_readv_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int process = call.int32(0);
  uint64_t address = call.address(1);
  size_t length = 0;
  uint8_t* bytes = call.bytes(2, &length);
  if (call.wrong()) return nullptr;
  size_t done = 0;
  while (done < length) {
    struct iovec local = {bytes + done, length - done};
    struct iovec remote = {reinterpret_cast<void*>(address + done), length - done};
    ssize_t copied = process_vm_readv(process, &local, 1, &remote, 1, 0);
    if (copied > 0) {
      done += static_cast<size_t>(copied);
    } else if (done > 0 || copied == 0) {
      break;
    } else {
      return call.result(-errno);
    }
  }
  return call.result(static_cast<double>(done));
}

napi_value pidfd_open_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int process = call.int32(0);
  if (call.wrong()) return nullptr;
  return call.result(answer(syscall(SYS_pidfd_open, process, 0)));
}

napi_value process_madvise_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  uint64_t address = call.address(1);
  size_t length = call.size(2);
  int advice = call.int32(3);
  if (call.wrong()) return nullptr;
  return call.result(static_cast<double>(held_process_madvise(descriptor, address, length, advice)));
}

// zap_page_range_single on this process: drops pages and leaves the layout alone, so that a reader may do it, as in the kernel.
napi_value zap_range(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  bool locked = call.boolean(2);
  if (call.wrong()) return nullptr;
  return call.result(answer(syscall(SYS_madvise, address, length, locked ? MADV_DONTNEED_LOCKED : MADV_DONTNEED)));
}

}  // namespace

const Function kProcessMemoryFunctions[] = {
    {"procmapQuery", procmap_query},
    {"pagemapScan", pagemap_scan},
    {"readFully", read_fully},
    {"processVmReadv", process_vm_readv_call},
    {"pidfdOpen", pidfd_open_call},
    {"processMadvise", process_madvise_call},
    {"zapRange", zap_range},
};
const size_t kProcessMemoryFunctionCount = sizeof kProcessMemoryFunctions / sizeof *kProcessMemoryFunctions;

}  // namespace vmarea
