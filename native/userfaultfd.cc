#include "userfaultfd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "fail-page.h"
#include "held-flags.h"
#include "layout-lock.h"
#include "page-entry.h"
#include "poison.h"
#include "userfaultfd-context.h"
#include "userfaultfd-interface.h"
#include "warden.h"

namespace vmarea {

using namespace uffd;

namespace {

struct ScanArguments {
  uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
  uint64_t inverted, mask, any_of, answer;
};
struct ScanRegion { uint64_t start, end, categories; };
constexpr unsigned long kPagemapScan = 0xc0606610;

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif

}  // namespace

// Handles of one thread, by number. A number is small enough to cost JavaScript no allocation: generation << 16 | slot.
struct UserfaultfdHandles {
  std::vector<Handle*> slots;
  std::vector<uint16_t> generations;
};

namespace {

Handle* handle_of(ThreadState* state, double number) {
  if (state->userfaultfds == nullptr || !(number >= 0 && number < 1073741824.0)) return nullptr;
  size_t slot = static_cast<uint32_t>(number) & 0xffff;
  if (slot >= state->userfaultfds->slots.size()) return nullptr;
  Handle* handle = state->userfaultfds->slots[slot];
  return handle != nullptr && handle->number == static_cast<uint32_t>(number) ? handle : nullptr;
}

// Answers nullptr where this thread has as many as a number can tell apart.
Handle* new_handle(ThreadState* state, Context* context, int descriptor) {
  if (state->userfaultfds == nullptr) state->userfaultfds = new UserfaultfdHandles;
  UserfaultfdHandles* table = state->userfaultfds;
  size_t slot = static_cast<size_t>(std::find(table->slots.begin(), table->slots.end(), nullptr) - table->slots.begin());
  if (slot == 0xffff) return nullptr;
  if (slot == table->slots.size()) {
    table->slots.push_back(nullptr);
    table->generations.push_back(0);
  }
  uint16_t generation = static_cast<uint16_t>(table->generations[slot] % 0x3fff + 1);
  table->generations[slot] = generation;
  Handle* handle = new Handle{context, descriptor, state, static_cast<uint32_t>(generation) << 16 | static_cast<uint32_t>(slot)};
  handle->seen_interrupts = context->interrupts;
  table->slots[slot] = handle;
  context->handles.push_back(handle);
  return handle;
}

// ---- how a handle goes ------------------------------------------------------------------------------------------------------------

// The ranges of others of our userfaultfds are not this one's, whatever it believed: the kernel would poison them all the same.
std::vector<Range> ranges_of_its_own_locked(const Context* context) {
  std::vector<Range> ranges = context->ranges;
  if (!context->own_memory) return ranges;
  for (const Context* other : contexts())
    if (other != context && other->own_memory)
      for (const Range& range : other->ranges) remove_range(ranges, range.start, range.end);
  return ranges;
}

enum class Missing { kZero, kPoison };

// The descriptor of the handle is closed or handed out already. What was the last way to the userfaultfd takes the rest with it.
void drop_handle(Handle* handle, Missing missing, bool thread_ends) {
  Context* context = handle->context;
  std::vector<Range> ranges;
  bool last, served = true;
  int keeper;
  bool own_memory = context->own_memory;
  {
    Lock lock(mutex());
    context->handles.erase(std::find(context->handles.begin(), context->handles.end(), handle));
    last = context->handles.empty() && context->loose.empty();
    if (last && context->sent) {
      // Another process serves. Our duplicate stays, so that its death makes threads wait and not read zeros.
      last = false;
    } else if (last) {
      std::vector<Context*>& all = contexts();
      all.erase(std::find(all.begin(), all.end(), context));
      userfaultfd_contexts.store(all.size());
      ranges = ranges_of_its_own_locked(context);
    } else if (context->deadline > 0) {
      // The warden tells each access its fault, so that what nobody touches stays as it is.
      bool others = context->sent || context->exposed || !context->loose.empty();
      if (handle->reads && !others && !context->keep_waiting && !is_read_locked(context)) {
        context->unserved = true;
        context->seen_reads = context->reads.load();
        call_warden();
      }
    } else if (thread_ends && handle->reads && !context->keep_waiting) {
      served = context->sent || is_read_locked(context);
      if (!served) {
        ranges = ranges_of_its_own_locked(context);
        context->unanswered.clear();
        context->unanswered_count.store(0);
      }
    }
    keeper = last ? context->keeper : served ? -1 : fcntl(context->keeper, F_DUPFD_CLOEXEC, 0);
  }
  UserfaultfdHandles* table = handle->owner->userfaultfds;
  table->slots[handle->number & 0xffff] = nullptr;
  delete handle;
  if (!last && served) return;
  if (keeper >= 0) {
    if (missing == Missing::kPoison) poison_ranges(keeper, ranges, own_memory);
    close(keeper);
  }
  if (last) {
    close(context->interrupt);
    delete context;
  }
}

// ---- what waits for itself ------------------------------------------------------------------------------------------------------------

// Whether nobody but this thread could answer a fault. The warden ends a wait, which for the thread that serves would be all that it does.
bool only_answered_by_locked(const Context* context, const ThreadState* state) {
  if ((context->features & kFeatureSigbus) != 0 || context->sent) return false;
  bool readers = false;
  for (const Handle* handle : context->handles) {
    if (handle->reads && handle->owner != state) return false;
    readers |= handle->reads;
  }
  if (readers) return true;
  if (context->deadline > 0) return false;
  if (context->exposed || !context->loose.empty()) return false;
  return std::all_of(context->handles.begin(), context->handles.end(), [=](const Handle* handle) { return handle->owner == state; });
}

// Whether an access to these pages of the range would raise a fault for the userfaultfd.
bool would_fault(uintptr_t start, uintptr_t end, uint64_t mode, bool write) {
  const size_t page = page_size();
  int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) return false;
  bool result = false;
  for (uintptr_t address = start & ~(page - 1); address < end && !result; address += page) {
    uint64_t entry = 0;
    if (pread(pagemap, &entry, sizeof entry, static_cast<off_t>(address / page * sizeof entry)) != sizeof entry) break;
    if ((entry & (kPagePresent | kPageSwapped)) != 0) {
      result = write && (mode & kModeWp) != 0 && (entry & kPageProtected) != 0;
      continue;
    }
    uint8_t cached = 0;
    mincore(reinterpret_cast<void*>(address), page, &cached);
    result = (cached & 1) != 0 ? (mode & kModeMinor) != 0 : (mode & kModeMissing) != 0;
  }
  close(pagemap);
  return result;
}

}  // namespace

std::atomic<size_t> userfaultfd_contexts{0};

bool access_waits_on_contexts(ThreadState* state, uintptr_t start, size_t length, bool write) {
  std::vector<Range> suspects;
  {
    Lock lock(mutex());
    for (const Context* context : contexts()) {
      if (!context->own_memory) continue;
      auto range = std::upper_bound(context->ranges.begin(), context->ranges.end(), start,
                                    [](uintptr_t address, const Range& other) { return address < other.end; });
      if (range == context->ranges.end() || range->start >= start + length) continue;
      if (!only_answered_by_locked(context, state)) continue;
      for (; range != context->ranges.end() && range->start < start + length; ++range)
        suspects.push_back({std::max(range->start, start), std::min(range->end, start + length), range->mode});
    }
  }
  for (const Range& range : suspects)
    if (would_fault(range.start, range.end, range.mode, write)) return true;
  return false;
}

void forget_userfaultfd_range(uintptr_t start, size_t length) {
  if (userfaultfd_contexts.load() == 0) return;
  Lock lock(mutex());
  for (Context* context : contexts()) {
    if (!context->own_memory) continue;
    bool touched = std::any_of(context->ranges.begin(), context->ranges.end(),
                               [=](const Range& range) { return range.start < start + length && start < range.end; });
    if (!touched) continue;
    remove_range(context->ranges, start, start + length);
    note_answer_locked(context, start, length);
    wake_range(context->keeper, start, length);
  }
}

void grow_userfaultfd_range(uintptr_t end, uintptr_t new_end) {
  if (userfaultfd_contexts.load() == 0) return;
  Lock lock(mutex());
  for (Context* context : contexts()) {
    if (!context->own_memory) continue;
    for (Range& range : context->ranges) {
      if (range.end != end) continue;
      register_modes(context->ranges, {range.start, new_end, range.mode});
      break;
    }
  }
}

void restore_userfaultfd_range(uintptr_t start, size_t length) {
  Lock lock(mutex());
  for (const Context* context : contexts()) {
    if (!context->own_memory) continue;
    for (const Range& range : context->ranges) {
      uintptr_t from = std::max(range.start, start), to = std::min(range.end, start + length);
      if (from >= to) continue;
      UffdRegister argument = {from, to - from, range.mode, 0};
      ioctl(context->keeper, kRegister, &argument);  // it was registered before, and a failure leaves it as the move did
    }
  }
}

void release_userfaultfds_of(ThreadState* state) {
  if (state->userfaultfds == nullptr) return;
  for (size_t slot = 0; slot < state->userfaultfds->slots.size(); slot++) {
    Handle* handle = state->userfaultfds->slots[slot];
    if (handle == nullptr) continue;
    close(handle->descriptor);
    drop_handle(handle, Missing::kPoison, true);
  }
  delete state->userfaultfds;
  state->userfaultfds = nullptr;
}

// ---- what JavaScript calls --------------------------------------------------------------------------------------------------------------

namespace {

constexpr int kGone = -EBADF;

struct HandleCall : Call {
  HandleCall(napi_env env, napi_callback_info info)
      : Call(env, info), state(static_cast<ThreadState*>(data())), handle(handle_of(state, number(0))) {}

  // The resolving calls take numbers from the mailbox and leave their answer there: as arguments they would be an allocation each, and
  // each costs a call into the engine. 1 is the address, 2 another one, 3 the length.
  size_t length() const { return static_cast<size_t>(operand(3)); }
  uint64_t operand(size_t index) const {
    double address = state->mailbox.results[index];
    return address >= 0 && address <= 9007199254740992.0 ? static_cast<uint64_t>(address) : UINT64_MAX;
  }

  // The end of a resolving call: notes what was answered. `done` is what the kernel wrote, a count or a negative error number.
  napi_value resolved(int outcome, int64_t done, uint64_t start, bool wakes) {
    int error = outcome == 0 ? 0 : errno;
    if (done < 0) done = 0;
    if (wakes && done > 0) note_answer(handle->context, start, static_cast<uint64_t>(done));
    return answered(-error, static_cast<double>(done));
  }

  // Leaves the bytes done in 0 and the code in 1.
  napi_value answered(int code, double done = 0) {
    state->mailbox.results[0] = done;
    state->mailbox.results[1] = code;
    return nullptr;
  }

  ThreadState* state;
  Handle* handle;
};

napi_value create(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int flags = call.int32(0);
  if (call.wrong()) return nullptr;
  long descriptor = syscall(SYS_userfaultfd, flags);
  return call.result(descriptor < 0 ? -errno : static_cast<double>(descriptor));
}

// results[0] is 0 where the device could not be opened, 1 where it was and refused.
napi_value create_from_device(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int flags = call.int32(0);
  if (call.wrong()) return nullptr;
  ThreadState* state = thread_state_of(env);
  state->mailbox.results[0] = 0;
  int device = open("/dev/userfaultfd", O_RDONLY | O_CLOEXEC);
  if (device < 0) return call.result(-errno);
  state->mailbox.results[0] = 1;
  int descriptor = ioctl(device, kNew, static_cast<unsigned long>(flags));
  int error = errno;
  close(device);
  return call.result(descriptor < 0 ? -error : descriptor);
}

bool same_file(int one, int other) {
  int answer = fcntl(one, F_DUPFD_QUERY, other);
  if (answer >= 0) return answer == 1;
#ifdef SYS_kcmp
  return syscall(SYS_kcmp, getpid(), getpid(), 0 /* KCMP_FILE */, one, other) == 0;
#else
  return false;
#endif
}

// Takes a descriptor over: (descriptor, ownMemory, parent). Answers the handle. -EBUSY where another handle has that descriptor.
napi_value adopt(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  bool own_memory = call.boolean(1);
  ThreadState* state = thread_state_of(env);
  Handle* parent = handle_of(state, call.number(2));
  if (call.wrong()) return nullptr;
  if (fcntl(descriptor, F_GETFD) < 0) return call.result(-errno);
  Lock lock(mutex());
  Context* context = nullptr;
  for (Context* known : contexts()) {
    bool loose = std::find(known->loose.begin(), known->loose.end(), descriptor) != known->loose.end();
    if (!same_file(known->keeper, descriptor)) continue;
    for (const Handle* handle : known->handles)
      if (handle->descriptor == descriptor) return call.result(-EBUSY);
    if (loose) known->loose.erase(std::find(known->loose.begin(), known->loose.end(), descriptor));
    context = known;
    break;
  }
  bool fresh = context == nullptr;
  if (fresh) {
    context = new Context;
    context->keeper = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    context->interrupt = context->keeper < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (context->interrupt < 0) {
      int error = errno;
      if (context->keeper >= 0) close(context->keeper);
      delete context;
      return call.result(-error);
    }
    context->own_memory = own_memory;
    if (parent != nullptr) {
      context->ranges = parent->context->ranges;
      context->features = parent->context->features;
    }
    contexts().push_back(context);
    userfaultfd_contexts.store(contexts().size());
  }
  Handle* handle = new_handle(state, context, descriptor);
  if (handle != nullptr) return call.result(handle->number);
  if (fresh) {
    contexts().pop_back();
    userfaultfd_contexts.store(contexts().size());
    close(context->keeper);
    close(context->interrupt);
    delete context;
  }
  return call.result(-EMFILE);
}

// (handle, words): words[0] are the features asked for, and those of the kernel afterwards; words[1] the ioctls.
napi_value api(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  size_t length = 0;
  uint64_t* words = reinterpret_cast<uint64_t*>(call.bytes(1, &length));
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  if (length < 16) return call.result(-EFAULT);
  UffdApi argument = {0xaa, words[0], 0};
  uint64_t asked = words[0];
  if (ioctl(call.handle->descriptor, kApi, &argument) != 0) return call.result(-errno);
  call.handle->context->features = asked;
  words[0] = argument.features;
  words[1] = argument.ioctls;
  return call.result(0);
}

// (handle, features): what is known of a descriptor that came from elsewhere.
napi_value set_features(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t features = call.address(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  call.handle->context->features = features;
  return call.result(0);
}

// How much of [start, start + length) from its start on is registered with this userfaultfd, as far as this process knows.
size_t own_part_locked(const Context* context, uintptr_t start, size_t length) {
  uintptr_t end = start;
  for (const Range& range : context->ranges)
    if (range.start <= end && range.end > end) end = range.end;
  return std::min(end - start, length);
}

// Whether all of [start, end) is registered in these modes, as far as this process knows.
bool is_registered_locked(const Context* context, uintptr_t start, uintptr_t end, uint64_t mode) {
  for (const Range& range : context->ranges)
    if (range.start <= start && start < range.end && (range.mode & mode) == mode) start = range.end;
  return start >= end;
}

// Whether a part of the range is a device's area that something else serves than this userfaultfd. The kernel takes an answer from any
// userfaultfd, and the file below the area would have it, whatever the driver has forbidden.
bool is_anothers_device(const Handle* handle, uintptr_t start, size_t length) {
  if (held_ranges.load() == 0 || start + length < start) return false;
  std::vector<HeldRange> held = held_in(start, start + length);
  if (held.empty()) return false;
  Lock lock(mutex());
  if (!handle->context->own_memory) return false;
  for (const HeldRange& range : held)
    if (own_part_locked(handle->context, range.start, range.end - range.start) < range.end - range.start) return true;
  return false;
}

// (handle, start, length, mode, words, whether whoever serves a device registers its area): words[0] are the ioctls that the range allows.
// To anyone else a device's area is of the wrong kind, as it is with the kernel's own drivers.
napi_value register_range(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t start = call.address(1);
  size_t length = call.size(2);
  uint64_t mode = call.address(3);
  size_t room = 0;
  uint64_t* words = reinterpret_cast<uint64_t*>(call.bytes(4, &room));
  bool of_device = call.boolean(5);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  if (room < 8) return call.result(-EFAULT);
  if (!of_device && is_anothers_device(call.handle, start, length)) return call.result(-EINVAL);
  UffdRegister argument = {start, length, mode, 0};
  int error = ioctl(call.handle->descriptor, kRegister, &argument) == 0 ? 0 : -errno;
  Lock lock(mutex());
  // What is registered as it should be, and has a page covered, whose cover can't be: the page is registered again as it comes back.
  if (error == -EINVAL && of_device && is_registered_locked(call.handle->context, start, start + length, mode)) error = 0;
  if (error != 0) return call.result(error);
  register_modes(call.handle->context->ranges, {start, start + length, mode});
  words[0] = argument.ioctls;
  return call.result(0);
}

napi_value unregister_range(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t start = call.address(1);
  size_t length = call.size(2);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  if (is_anothers_device(call.handle, start, length)) return call.result(-EINVAL);
  UffdRange argument = {start, length};
  if (ioctl(call.handle->descriptor, kUnregister, &argument) != 0) return call.result(-errno);
  note_answer(call.handle->context, start, length);
  Lock lock(mutex());
  remove_range(call.handle->context->ranges, start, start + length);
  return call.result(0);
}

// (handle, mode, source)
napi_value copy(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t mode = call.size(1);
  size_t available = 0;
  uint8_t* source = call.bytes(2, &available);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  size_t length = call.length();
  if (length > available) return call.answered(-EFAULT);
  if (access_waits_for_itself(call.state, reinterpret_cast<uintptr_t>(source), length, false)) return call.answered(-EDEADLK);
  if (is_anothers_device(call.handle, call.operand(1), length)) return call.answered(-ENOENT);
  UffdCopy argument = {call.operand(1), reinterpret_cast<uintptr_t>(source), length, mode, 0};
  int outcome = ioctl(call.handle->descriptor, kCopy, &argument);
  return call.resolved(outcome, argument.done, argument.destination, (mode & kDontWake) == 0);
}

// (handle, mode)
template <unsigned long kRequest>
napi_value fill(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t mode = call.size(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  if (is_anothers_device(call.handle, call.operand(1), call.length())) return call.answered(-ENOENT);
  UffdFill argument = {call.operand(1), call.length(), mode, 0};
  int outcome = ioctl(call.handle->descriptor, kRequest, &argument);
  return call.resolved(outcome, argument.done, argument.start, (mode & kDontWake) == 0);
}

// As fill, but of memory that is registered with this very userfaultfd: what is there instead, after an unmap, may be another's, and
// the kernel would take an answer from either. What a region had is forgotten before its addresses are given to anyone, under this lock.
template <unsigned long kRequest>
napi_value fill_own(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t mode = call.size(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  Lock lock(mutex());
  Context* context = call.handle->context;
  UffdFill argument = {call.operand(1), call.length(), mode, 0};
  argument.length = own_part_locked(context, argument.start, argument.length);
  if (argument.length == 0) return call.answered(-ENOENT);
  int outcome = ioctl(call.handle->descriptor, kRequest, &argument);
  int code = outcome == 0 ? 0 : -errno;
  int64_t done = std::max<int64_t>(argument.done, 0);
  if ((mode & kDontWake) == 0 && done > 0) note_answer_locked(context, argument.start, static_cast<uint64_t>(done));
  return call.answered(code, static_cast<double>(done));
}

// (handle): drops pages from view in memory that is registered with this very userfaultfd. -EAGAIN while the layout changes.
napi_value hide_own(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  uintptr_t start = call.operand(1);
  size_t length = call.length();
  int code = layout_try_read_lock(&call.state->holds);
  if (code != 0) return call.answered(code);
  {
    Lock lock(mutex());
    length = own_part_locked(call.handle->context, start, length);
  }
  // Nothing is unmapped while the layout is held for reading.
  code = length == 0 ? -ENOENT : madvise(reinterpret_cast<void*>(start), length, MADV_DONTNEED) == 0 ? 0 : -errno;
  layout_read_unlock(&call.state->holds);
  return call.answered(code, code == 0 ? static_cast<double>(length) : 0);
}

// Calls `act` on memory that is all registered with this very userfaultfd, and stays what it is meanwhile. -ENOENT where it is not.
template <typename Act>
int on_own_memory(const HandleCall& call, Act act) {
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return writer.error;
  Lock lock(mutex());
  uintptr_t start = call.operand(1);
  size_t length = call.length();
  if (own_part_locked(call.handle->context, start, length) < length) return -ENOENT;
  return act(start, length) ? 0 : -errno;
}

// (handle, protection, flags, descriptor, offset, mode): maps a file over such memory, and registers it in turn.
napi_value map_over_own(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  int protection = call.int32(1);
  int flags = call.int32(2);
  int descriptor = call.int32(3);
  int64_t offset = call.integer(4);
  uint64_t mode = call.size(5);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  return call.answered(on_own_memory(call, [&](uintptr_t start, size_t length) {
    void* place = reinterpret_cast<void*>(start);
    if (mmap(place, length, protection, flags | MAP_FIXED, descriptor, static_cast<off_t>(offset)) == MAP_FAILED) return false;
    UffdRegister argument = {start, length, mode, 0};
    if (ioctl(call.handle->descriptor, kRegister, &argument) != 0) return false;
    register_modes(call.handle->context->ranges, {start, start + length, mode});
    return true;
  }));
}

// (handle, protection): mprotect of such memory.
napi_value protect_own(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  int protection = call.int32(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  return call.answered(on_own_memory(call, [&](uintptr_t start, size_t length) {
    return mprotect(reinterpret_cast<void*>(start), length, protection) == 0;
  }));
}

// (handle, mode), from operand 2 to operand 1
napi_value move(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t mode = call.size(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  UffdMove argument = {call.operand(1), call.operand(2), call.length(), mode, 0};
  int outcome = ioctl(call.handle->descriptor, kMove, &argument);
  return call.resolved(outcome, argument.done, argument.destination, (mode & kDontWake) == 0);
}

// (handle, mode)
napi_value writeprotect(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  uint64_t mode = call.size(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  if (is_anothers_device(call.handle, call.operand(1), call.length())) return call.answered(-ENOENT);
  UffdProtect argument = {call.operand(1), call.length(), mode};
  int outcome = ioctl(call.handle->descriptor, kWriteprotect, &argument);
  bool wakes = (mode & (kProtect | kProtectDontWake)) == 0;
  return call.resolved(outcome, outcome == 0 ? static_cast<int64_t>(argument.length) : 0, argument.start, wakes);
}

// (handle)
napi_value wake(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.answered(kGone);
  UffdRange argument = {call.operand(1), call.length()};
  int outcome = ioctl(call.handle->descriptor, kWake, &argument);
  return call.resolved(outcome, outcome == 0 ? static_cast<int64_t>(argument.length) : 0, argument.start, true);
}

uint32_t own_thread_number() {
  static thread_local uint32_t number = static_cast<uint32_t>(syscall(SYS_gettid));
  return number;
}

double read_messages(Handle* handle, uint8_t* messages, size_t room) {
  handle->context->reads.fetch_add(1);
  ssize_t length = read(handle->descriptor, messages, room);
  if (length < 0) return -errno;
  Lock lock(mutex());
  handle->reads = true;
  handle->reader = own_thread_number();
  note_messages_locked(handle->context, messages, static_cast<size_t>(length));
  return static_cast<double>(length);
}

napi_value read_call(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  size_t room = 0;
  uint8_t* messages = call.bytes(1, &room);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  call.handle->reads = true;
  return call.result(read_messages(call.handle, messages, room));
}

// (handle, messages, milliseconds): as read, but waits. Answers 0 when the time is over, -EINTR when somebody interrupted.
napi_value wait_call(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  size_t room = 0;
  uint8_t* messages = call.bytes(1, &room);
  int milliseconds = call.int32(2);
  if (call.wrong()) return nullptr;
  Handle* handle = call.handle;
  if (handle == nullptr) return call.result(kGone);
  Context* context = handle->context;
  handle->reads = true;
  for (int attempt = 0;; attempt++) {
    uint32_t interrupts = __atomic_load_n(&context->interrupts, __ATOMIC_ACQUIRE);
    if (interrupts != handle->seen_interrupts) {
      handle->seen_interrupts = interrupts;
      return call.result(-EINTR);
    }
    double length = read_messages(handle, messages, room);
    if (length != -EAGAIN) return call.result(length);
    if (attempt > 0) return call.result(0);
    struct pollfd descriptors[2] = {{handle->descriptor, POLLIN, 0}, {context->interrupt, POLLIN, 0}};
    int ready = poll(descriptors, 2, milliseconds);
    if (ready < 0 && errno != EINTR) return call.result(-errno);
    if (ready <= 0) return call.result(0);
    if ((descriptors[0].revents & (POLLERR | POLLNVAL)) != 0) return call.result(-EINVAL);
    uint64_t count;
    if (descriptors[1].revents != 0 && read(context->interrupt, &count, sizeof count) < 0) {
      // Another one that waits was faster.
    }
  }
}

// Ends the waits on all handles of this userfaultfd, and the next one of each that does not wait now.
napi_value interrupt(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  Context* context = call.handle->context;
  __atomic_fetch_add(&context->interrupts, 1, __ATOMIC_RELEASE);
  uint64_t one = 1;
  return call.result(write(context->interrupt, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0);
}

napi_value clone(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  int descriptor = fcntl(call.handle->descriptor, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return call.result(-errno);
  Lock lock(mutex());
  Handle* handle = new_handle(call.state, call.handle->context, descriptor);
  if (handle != nullptr) return call.result(handle->number);
  close(descriptor);
  return call.result(-EMFILE);
}

// The number of the descriptor, which stays the handle's.
napi_value descriptor_of(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  bool exposed = call.boolean(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(-1);
  if (exposed) {
    Lock lock(mutex());
    call.handle->context->exposed = true;
  }
  return call.result(call.handle->descriptor);
}

// Hands the descriptor out: the handle is gone, and who adopts the number has it.
napi_value into_descriptor(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  int descriptor = call.handle->descriptor;
  {
    Lock lock(mutex());
    call.handle->context->loose.push_back(descriptor);
  }
  drop_handle(call.handle, Missing::kPoison, false);
  return call.result(descriptor);
}

// (handle, poison): with the last handle of the userfaultfd, poison says what becomes of the missing pages.
napi_value close_call(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  bool poison = call.boolean(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(0);
  int error = close(call.handle->descriptor) == 0 || errno != EBADF ? 0 : -EBADF;
  drop_handle(call.handle, poison ? Missing::kPoison : Missing::kZero, false);
  return call.result(error);
}

// (handle, sent, keepWaiting): how the loss of handles is judged from now on.
napi_value set_custody(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  bool sent = call.boolean(1);
  bool keep_waiting = call.boolean(2);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  Lock lock(mutex());
  call.handle->context->sent |= sent && call.handle->context->own_memory;
  call.handle->context->keep_waiting |= keep_waiting;
  return call.result(0);
}

// (handle, expected): whether another server is on its way, for whom who waits goes on waiting when this one ends.
napi_value expect_server(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  bool expected = call.boolean(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  Lock lock(mutex());
  Context* context = call.handle->context;
  context->keep_waiting = expected;
  if (!expected && context->deadline > 0 && !is_read_locked(context)) {
    context->unserved = true;
    context->seen_reads = context->reads.load();
    call_warden();
  }
  return call.result(0);
}

// (handle, milliseconds): how long a fault may wait; 0 for ever. Whoever is to serve has as long from now on to begin.
napi_value set_deadline(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  double milliseconds = call.number(1);
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  if (!(milliseconds >= 0 && milliseconds <= 2147483647)) return call.result(-EINVAL);
  int flags = fcntl(call.handle->descriptor, F_GETFL);
  if (flags < 0) return call.result(-errno);
  // The warden may wait for nobody.
  if (milliseconds > 0 && (flags & O_NONBLOCK) == 0) return call.result(-EINVAL);
  if (milliseconds > 0 && !has_poison(call.handle->descriptor)) return call.result(-EOPNOTSUPP);
  Lock lock(mutex());
  int error = milliseconds > 0 ? start_warden_locked() : 0;
  if (error != 0) return call.result(error);
  Context* context = call.handle->context;
  context->deadline = static_cast<uint64_t>(milliseconds * 1e6);
  context->unserved = false;
  context->unread_since = 0;
  if (milliseconds > 0) call_warden();
  return call.result(0);
}

// (handle, records): two numbers a page that the warden failed: address, reason. Takes as many as there is room for, the oldest first,
// and answers how many.
napi_value take_failed(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  size_t room = 0;
  double* records = reinterpret_cast<double*>(call.bytes(1, &room));
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  Lock lock(mutex());
  std::vector<FailedFault>& failed = call.handle->context->failed;
  size_t count = std::min(failed.size(), room / (2 * sizeof *records));
  for (size_t index = 0; index < count; index++) {
    records[index * 2] = static_cast<double>(failed[index].address);
    records[index * 2 + 1] = failed[index].reason;
  }
  failed.erase(failed.begin(), failed.begin() + static_cast<std::ptrdiff_t>(count));
  return call.result(static_cast<double>(count));
}

// (handle, records): four numbers a fault: address, flags, thread, milliseconds since it was read. Answers how many there are.
napi_value unanswered(napi_env env, napi_callback_info info) {
  HandleCall call(env, info);
  size_t room = 0;
  double* records = reinterpret_cast<double*>(call.bytes(1, &room));
  if (call.wrong()) return nullptr;
  if (call.handle == nullptr) return call.result(kGone);
  Lock lock(mutex());
  const std::vector<UnansweredFault>& faults = call.handle->context->unanswered;
  uint64_t time = now();
  for (size_t index = 0; index < faults.size() && (index + 1) * 32 <= room; index++) {
    records[index * 4] = static_cast<double>(faults[index].address);
    records[index * 4 + 1] = static_cast<double>(faults[index].flags);
    records[index * 4 + 2] = faults[index].thread;
    records[index * 4 + 3] = static_cast<double>(time - faults[index].since) / 1e6;
  }
  return call.result(static_cast<double>(faults.size()));
}

// (start, end, reset, regions): PAGEMAP_SCAN for what was written since the last reset. Two numbers a region; results[0] is where to
// go on. Answers how many regions there are.
napi_value scan_written(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint64_t start = call.address(0);
  uint64_t end = call.address(1);
  bool reset = call.boolean(2);
  size_t room = 0;
  double* regions = reinterpret_cast<double*>(call.bytes(3, &room));
  if (call.wrong()) return nullptr;
  int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) return call.result(-errno);
  ScanRegion found[256];
  constexpr uint64_t kWritten = 2, kWpMatching = 1, kCheckWpAsync = 2;
  ScanArguments scan = {};
  scan.size = sizeof scan;
  scan.flags = kCheckWpAsync | (reset ? kWpMatching : 0);
  scan.start = start;
  scan.end = end;
  scan.regions = reinterpret_cast<uintptr_t>(found);
  scan.region_count = std::min<size_t>(256, room / 16);
  scan.mask = kWritten;
  scan.answer = kWritten;
  int count = ioctl(pagemap, kPagemapScan, &scan);
  int error = errno;
  close(pagemap);
  if (count < 0) return call.result(-error);
  for (int index = 0; index < count; index++) {
    regions[index * 2] = static_cast<double>(found[index].start);
    regions[index * 2 + 1] = static_cast<double>(found[index].end);
  }
  thread_state_of(env)->mailbox.results[0] = static_cast<double>(scan.walk_end);
  return call.result(count);
}

// The kernel's number of the calling thread.
napi_value thread_id(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return call.result(static_cast<double>(syscall(SYS_gettid)));
}

// (descriptor): makes reads and polls of its open file not wait.
napi_value set_nonblocking(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  if (call.wrong()) return nullptr;
  int flags = fcntl(descriptor, F_GETFL);
  return call.result(flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0);
}

}  // namespace

const Function kUserfaultfdFunctions[] = {
    {"uffdCreate", create},
    {"uffdCreateFromDevice", create_from_device},
    {"uffdAdopt", adopt},
    {"uffdApi", api},
    {"uffdSetFeatures", set_features},
    {"uffdRegister", register_range},
    {"uffdUnregister", unregister_range},
    {"uffdCopy", copy},
    {"uffdZeropage", fill<kZeropage>},
    {"uffdContinue", fill<kContinue>},
    {"uffdPoison", fill<kPoison>},
    {"uffdContinueOwn", fill_own<kContinue>},
    {"uffdPoisonOwn", fill_own<kPoison>},
    {"uffdHideOwn", hide_own},
    {"uffdMapOverOwn", map_over_own},
    {"uffdProtectOwn", protect_own},
    {"uffdMove", move},
    {"uffdWriteprotect", writeprotect},
    {"uffdWake", wake},
    {"uffdRead", read_call},
    {"uffdWait", wait_call},
    {"uffdInterrupt", interrupt},
    {"uffdClone", clone},
    {"uffdDescriptor", descriptor_of},
    {"uffdIntoDescriptor", into_descriptor},
    {"uffdClose", close_call},
    {"uffdSetCustody", set_custody},
    {"uffdExpectServer", expect_server},
    {"uffdUnanswered", unanswered},
    {"uffdSetDeadline", set_deadline},
    {"uffdTakeFailed", take_failed},
    {"scanWritten", scan_written},
    {"threadId", thread_id},
    {"setNonblocking", set_nonblocking},
};
const size_t kUserfaultfdFunctionCount = sizeof kUserfaultfdFunctions / sizeof *kUserfaultfdFunctions;

}  // namespace vmarea
