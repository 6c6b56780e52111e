// The ranges that are registered with userfaultfds, and their changes when memory is unmapped, grows or is put back.
#include <sys/ioctl.h>

#include <algorithm>

#include "addon/function-tables.h"
#include "noted/emulated-flags.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-call.h"
#include "userfaultfd/userfaultfd-interface.h"
#include "userfaultfd/userfaultfd.h"

namespace vmarea {

using namespace uffd;

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

bool is_registered(uintptr_t start, size_t length) {
  if (userfaultfd_contexts.load() == 0) return false;
  Lock lock(mutex());
  auto overlaps = [=](const Range& range) { return range.start < start + length && start < range.end; };
  return std::any_of(contexts().begin(), contexts().end(), [&](const Context* context) {
    return context->own_memory && std::any_of(context->ranges.begin(), context->ranges.end(), overlaps);
  });
}

bool restore_userfaultfd_range(uintptr_t start, size_t length, bool write_protected) {
  Lock lock(mutex());
  bool restored = true;
  for (const Context* context : contexts()) {
    if (!context->own_memory) continue;
    for (const Range& range : context->ranges) {
      uintptr_t from = std::max(range.start, start), to = std::min(range.end, start + length);
      if (from >= to) continue;
      UffdRegister argument = {from, to - from, range.mode, 0};
      restored &= ioctl(context->keeper, kRegister, &argument) == 0;
      UffdProtect protect = {from, to - from, kProtect};
      if (write_protected && (range.mode & kModeWp) != 0) ioctl(context->keeper, kWriteprotect, &protect);
    }
  }
  return restored;
}

size_t uffd::own_part_locked(const Context* context, uintptr_t start, size_t length) {
  uintptr_t end = start;
  for (const Range& range : context->ranges)
    if (range.start <= end && range.end > end) end = range.end;
  return std::min(end - start, length);
}

bool uffd::is_anothers_device(const Handle* handle, uintptr_t start, size_t length) {
  if (emulated_ranges.load() == 0 || start + length < start) return false;
  std::vector<EmulatedRange> held = emulated_in(start, start + length);
  if (held.empty()) return false;
  Lock lock(mutex());
  if (!handle->context->own_memory) return false;
  for (const EmulatedRange& range : held)
    if (own_part_locked(handle->context, range.start, range.end - range.start) < range.end - range.start) return true;
  return false;
}

namespace {

// Whether all of [start, end) is registered in these modes, as far as this process knows.
bool is_registered_locked(const Context* context, uintptr_t start, uintptr_t end, uint64_t mode) {
  for (const Range& range : context->ranges)
    if (range.start <= start && start < range.end && (range.mode & mode) == mode) start = range.end;
  return start >= end;
}

// words[0] has the ioctls that the range allows. `of_device` is set where the server of a device registers its area: other code gets
// -EINVAL, as for memory of the kernel's own drivers.
int register_range(Handle* handle, uint64_t start, size_t length, uint64_t mode, View<uint64_t> words, bool of_device) {
  if (words.length < 1) return -EFAULT;
  if (!of_device && is_anothers_device(handle, start, length)) return -EINVAL;
  UffdRegister argument = {start, length, mode, 0};
  int error = ioctl(handle->descriptor, kRegister, &argument) == 0 ? 0 : -errno;
  Lock lock(mutex());
  // The range is registered in these modes and has a covered page, whose cover can't be registered: the page is registered again when it
  // is put back.
  if (error == -EINVAL && of_device && is_registered_locked(handle->context, start, start + length, mode)) error = 0;
  if (error != 0) return error;
  register_modes(handle->context->ranges, {start, start + length, mode});
  words.data[0] = argument.ioctls;
  return 0;
}

int unregister_range(Handle* handle, uint64_t start, size_t length) {
  if (is_anothers_device(handle, start, length)) return -EINVAL;
  UffdRange argument = {start, length};
  if (ioctl(handle->descriptor, kUnregister, &argument) != 0) return -errno;
  note_answer(handle->context, start, length);
  Lock lock(mutex());
  remove_range(handle->context->ranges, start, start + length);
  return 0;
}

constexpr Function kFunctions[] = {
    {"uffdRegister", callback<register_range>},
    {"uffdUnregister", callback<unregister_range>},
};

}  // namespace

const FunctionTable kUserfaultfdRegistration(kFunctions);

}  // namespace vmarea
