// The memory system calls, one function each. They answer with the result, or a negative error number.
#include "system-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "forget-range.h"
#include "held-calls.h"
#include "region-table.h"
#include "thread-state.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif

namespace vmarea {
namespace {

double answer(long result) { return result == -1 ? -errno : static_cast<double>(result); }

// A call that changes the layout, under the write side of the lock: `change` answers as `answer` does.
template <typename Change>
napi_value under_write_lock(Call& call, Change change) {
  if (call.wrong()) return nullptr;
  LayoutWriter writer(&thread_state_of(call.env())->holds);
  return call.result(writer.error != 0 ? writer.error : static_cast<double>(change()));
}

// Calls of an address and a length.
template <long kCall>
napi_value range_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  return under_write_lock(call, [&] { return answer(syscall(kCall, address, length)); });
}

napi_value mprotect_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  int protection = call.int32(2);
  return under_write_lock(call, [&] { return held_mprotect(address, length, protection); });
}

napi_value mlock_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  if (call.wrong()) return nullptr;
  return call.result(held_mlock2(thread_state_of(env), address, length, 0));
}

napi_value mlock2_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  int flags = call.int32(2);
  if (call.wrong()) return nullptr;
  return call.result(held_mlock2(thread_state_of(env), address, length, flags));
}

napi_value mmap_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  int protection = call.int32(2);
  int flags = call.int32(3);
  int descriptor = call.int32(4);
  int64_t offset = call.integer(5);
  return under_write_lock(call, [&] {
    long result = syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
    if (result != -1 && (flags & MAP_FIXED) != 0) {
      TableLock lock;
      forget_range_locked(address, length);
    }
    return answer(result);
  });
}

napi_value munmap_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  return under_write_lock(call, [&] {
    long result = syscall(SYS_munmap, address, length);
    if (result == 0) {
      TableLock lock;
      forget_range_locked(address, length);
    }
    return answer(result);
  });
}

napi_value mremap_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t old_length = call.size(1);
  size_t new_length = call.size(2);
  int flags = call.int32(3);
  uint64_t new_address = call.address(4);
  return under_write_lock(call, [&] { return held_mremap(address, old_length, new_length, flags, new_address); });
}

// Whether an advice changes areas, and not only their pages. One that does not must not hold the lock: it may wait for whoever serves
// the pages' faults or events, and that one may want the lock.
bool changes_areas(int advice) {
  switch (advice) {
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_REMOVE:
    case 20:  // MADV_COLD
    case 21:  // MADV_PAGEOUT
    case 22:  // MADV_POPULATE_READ
    case 23:  // MADV_POPULATE_WRITE
    case 24:  // MADV_DONTNEED_LOCKED
      return false;
    default:
      return true;
  }
}

napi_value madvise_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  int advice = call.int32(2);
  if (!call.wrong() && !changes_areas(advice)) return call.result(held_madvise(address, length, advice));
  return under_write_lock(call, [&] { return held_madvise(address, length, advice); });
}

napi_value msync_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  int flags = call.int32(2);
  if (call.wrong()) return nullptr;
  return call.result(answer(syscall(SYS_msync, address, length, flags)));
}

napi_value mlockall_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int flags = call.int32(0);
  return under_write_lock(call, [&] { return held_mlockall(flags); });
}

napi_value munlockall_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return under_write_lock(call, [] { return answer(syscall(SYS_munlockall)); });
}

// `vector` must hold a byte a page.
napi_value mincore_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  size_t room = 0;
  uint8_t* vector = call.bytes(2, &room);
  if (call.wrong()) return nullptr;
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (length / page + (length % page != 0) > room) return call.result(-EFAULT);
  return call.result(answer(syscall(SYS_mincore, address, length, vector)));
}

napi_value mseal_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  int64_t flags = call.integer(2);
  return under_write_lock(call, [&] { return answer(syscall(SYS_mseal, address, length, flags)); });
}

napi_value memfd_create_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  char name[256];
  call.string(0, name, sizeof name);
  unsigned flags = static_cast<unsigned>(call.integer(1));
  if (call.wrong()) return nullptr;
  return call.result(answer(syscall(SYS_memfd_create, name, flags)));
}

napi_value add_seals(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  int seals = call.int32(1);
  if (call.wrong()) return nullptr;
  return call.result(answer(fcntl(descriptor, F_ADD_SEALS, seals)));
}

napi_value get_seals(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  if (call.wrong()) return nullptr;
  return call.result(answer(fcntl(descriptor, F_GET_SEALS)));
}

// (descriptor, offset, whence): lseek(2), for SEEK_DATA and SEEK_HOLE. Answers the place.
napi_value seek_file(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  int64_t offset = call.integer(1);
  int whence = call.int32(2);
  if (call.wrong()) return nullptr;
  off_t place = lseek(descriptor, offset, whence);
  return call.result(place < 0 ? -errno : static_cast<double>(place));
}

// (descriptor, offset, length): takes the file's pages away, from itself and from all who map them.
napi_value punch_hole(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  int64_t offset = call.integer(1);
  int64_t length = call.integer(2);
  if (call.wrong()) return nullptr;
  return call.result(answer(fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length)));
}

napi_value get_status_flags(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  if (call.wrong()) return nullptr;
  return call.result(answer(fcntl(descriptor, F_GETFL)));
}

// The soft limit; Infinity for none.
napi_value getrlimit_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int resource = call.int32(0);
  if (call.wrong()) return nullptr;
  struct rlimit limit;
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return call.result(-errno);
  return call.result(limit.rlim_cur == RLIM_INFINITY ? __builtin_inf() : static_cast<double>(limit.rlim_cur));
}

// How many VMAs this process has, counted without any memory of its own: it is asked when there may be none left.
napi_value count_areas(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return call.result(-errno);
  char buffer[16384];
  double lines = 0;
  ssize_t length;
  while ((length = read(descriptor, buffer, sizeof buffer)) > 0)
    for (ssize_t index = 0; index < length; index++) lines += buffer[index] == '\n';
  close(descriptor);
  return call.result(lines);
}

napi_value pipe_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return call.result(-errno);
  ThreadState* state = thread_state_of(env);
  state->mailbox.results[0] = ends[0];
  state->mailbox.results[1] = ends[1];
  return call.result(0);
}

// What the processor needs after code was written, where it needs anything.
napi_value flush_instruction_cache(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t address = call.address(0);
  size_t length = call.size(1);
  if (call.wrong()) return nullptr;
  char* start = reinterpret_cast<char*>(address);
  __builtin___clear_cache(start, start + length);
  return call.result(0);
}

// The floor of every benchmark: a call that does nothing.
napi_value nothing(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.result(0);
}

}  // namespace

const Function kSystemCallFunctions[] = {
    {"mmap", mmap_call},
    {"munmap", munmap_call},
    {"mprotect", mprotect_call},
    {"mremap", mremap_call},
    {"madvise", madvise_call},
    {"msync", msync_call},
    {"mlock", mlock_call},
    {"mlock2", mlock2_call},
    {"munlock", range_call<SYS_munlock>},
    {"mlockall", mlockall_call},
    {"munlockall", munlockall_call},
    {"mincore", mincore_call},
    {"mseal", mseal_call},
    {"memfdCreate", memfd_create_call},
    {"addSeals", add_seals},
    {"getSeals", get_seals},
    {"seekFile", seek_file},
    {"punchHole", punch_hole},
    {"getStatusFlags", get_status_flags},
    {"getrlimit", getrlimit_call},
    {"countAreas", count_areas},
    {"pipe", pipe_call},
    {"flushInstructionCache", flush_instruction_cache},
    {"nothing", nothing},
};
const size_t kSystemCallFunctionCount = sizeof kSystemCallFunctions / sizeof *kSystemCallFunctions;

}  // namespace vmarea
