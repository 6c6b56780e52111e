#include "userfaultfd/userfaultfd-handles.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd.h"
#include "userfaultfd/deadline-thread.h"

namespace vmarea {

// Handles of one thread, by number. A number is small enough to cost JavaScript no allocation: generation << 16 | slot.
struct UserfaultfdHandles {
  std::vector<uffd::Handle*> slots;
  std::vector<uint16_t> generations;
};

namespace uffd {
namespace {

// Exclude ranges that belong to other userfaultfds of ours by now: the kernel would poison them all the same.
std::vector<Range> ranges_of_its_own_locked(const Context* context) {
  std::vector<Range> ranges = context->ranges;
  if (!context->own_memory) return ranges;
  for (const Context* other : contexts())
    if (other != context && other->own_memory)
      for (const Range& range : other->ranges) remove_range(ranges, range.start, range.end);
  return ranges;
}

}  // namespace

Handle* handle_of(ThreadState* state, double number) {
  if (state->userfaultfds == nullptr || !(number >= 0 && number < 1073741824.0)) return nullptr;
  size_t slot = static_cast<uint32_t>(number) & 0xffff;
  if (slot >= state->userfaultfds->slots.size()) return nullptr;
  Handle* handle = state->userfaultfds->slots[slot];
  return handle != nullptr && handle->number == static_cast<uint32_t>(number) ? handle : nullptr;
}

Handle* new_handle_locked(ThreadState* state, Context* context, int descriptor) {
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
    bool unknown = context->ranges_unknown && context->ranges.empty() && missing == Missing::kPoison;
    if (last && (context->sent || unknown)) {
      // Another process serves, or the ranges to poison are not known. Keep our duplicate open, so that threads wait and do not read zeros.
      last = false;
    } else if (last) {
      std::vector<Context*>& all = contexts();
      all.erase(std::find(all.begin(), all.end(), context));
      userfaultfd_contexts.store(all.size());
      ranges = ranges_of_its_own_locked(context);
    } else if (context->deadline > 0) {
      // The deadline thread fails each access, so that untouched pages stay as they are.
      bool others = context->sent || context->exposed || !context->loose.empty();
      if (handle->reads && !others && !context->keep_waiting && !is_read_locked(context)) {
        context->unserved = true;
        context->seen_reads = context->reads.load();
        wake_deadline_thread();
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

}  // namespace uffd

void release_userfaultfds_of(ThreadState* state) {
  if (state->userfaultfds == nullptr) return;
  for (size_t slot = 0; slot < state->userfaultfds->slots.size(); slot++) {
    uffd::Handle* handle = state->userfaultfds->slots[slot];
    if (handle == nullptr) continue;
    close(handle->descriptor);
    drop_handle(handle, uffd::Missing::kPoison, true);
  }
  delete state->userfaultfds;
  state->userfaultfds = nullptr;
}

}  // namespace vmarea
