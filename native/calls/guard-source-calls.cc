// The calls of JavaScript to guard sources. Addresses and lengths come in the shared_results: as arguments each would be an allocation.
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <algorithm>

#include "addon/callback.h"
#include "addon/function-tables.h"
#include "page/guard-markers.h"
#include "page/page-calls.h"
#include "page/page-entry.h"
#include "noted/guard-source.h"
#include "guard/guard.h"
#include "guard/present-memory.h"
#include "noted/emulated-flags.h"
#include "addon/layout-lock.h"
#include "region/cover-table.h"
#include "region/region-table.h"
#include "region/true-pages.h"
#include "guard/shown-pages.h"
#include "noted/watched-memory.h"

namespace vmarea {
namespace {

constexpr size_t kMostTaken = 64;
constexpr int kGone = -EBADF;

// A source and a range of its memory.
struct SourceRange {
  double number;
  uintptr_t start, end;
};
void take(Call& call, SourceRange* range) {
  Operands operands;
  take(call, &range->number);
  take(call, &operands);
  range->start = operands.start;
  range->end = operands.start + operands.length;
}

// The same, with a range of whole pages.
struct SourcePages : SourceRange {};
void take(Call& call, SourcePages* range) {
  take(call, static_cast<SourceRange*>(range));
  if (range->start >= range->end || range->start % page_size() != 0 || range->end % page_size() != 0) call.refuse(-EINVAL);
}

// The same, and a place in bytes.
struct SourceBytes : SourcePages {
  size_t from;
};
void take(Call& call, SourceBytes* range) {
  take(call, static_cast<SourcePages*>(range));
  Operands operands;
  take(call, &operands);
  range->from = operands.other;
}

// Calls `act(source)` under the table's lock, where the source with this number is still open.
template <typename Act>
double on_source(double number, Act act) {
  TableLock lock;
  GuardSource* source = guard_source_locked(number);
  return source == nullptr ? kGone : act(source);
}

// `timeout` is in milliseconds, below 0 for none. results[0] is the eventfd, results[1] whether guard markers are used.
int64_t create(ThreadState* state, double timeout, bool marks) {
  int error = guard_install();
  if (error != 0) return error;
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return -errno;
  GuardSource* source = new GuardSource;
  source->owner = state;
  source->queue.event = event;
  source->timeout = timeout >= 0 && timeout < 1e12 ? static_cast<uint64_t>(timeout * 1e6) : kNever;
  source->marks = can_mark_files() && marks;
  TableLock lock;
  add_guard_source_locked(source);
  state->shared_results.results[0] = event;
  state->shared_results.results[1] = source->marks;
  return source->id;
}

double watch(SourcePages pages, int protection, bool notify, bool shared) {
  return on_source(pages.number, [&](GuardSource* source) {
    return watch_locked(source, pages.start, pages.end, protection, notify, shared);
  });
}

double set_protection(SourcePages pages, int protection) {
  return on_source(pages.number, [&](GuardSource* source) {
    return for_own_locked(source, pages.start, pages.end,
                          [&](uintptr_t from, uintptr_t to) { return set_watched_protection_locked(from, to, protection); });
  });
}

double unwatch(SourcePages pages) {
  return on_source(pages.number, [&](GuardSource* source) {
    return for_own_locked(source, pages.start, pages.end, [](uintptr_t from, uintptr_t to) {
      unwatch_locked(from, to);
      release_emulated_locked(from, to, kEmulatedWatched);
      return 0;
    });
  });
}

double show(SourcePages pages, bool writable) {
  return on_source(pages.number, [&](GuardSource* source) {
    int error = show_pages_locked(source, pages.start, pages.end, writable);
    if (error == 0) answer_faults_locked(&source->queue, pages.start, pages.end, kShown);
    return error;
  });
}

double hide(SourcePages pages) {
  return on_source(pages.number, [&](GuardSource* source) { return hide_pages_locked(source, pages.start, pages.end); });
}

// Drops the content of private pages that are hidden.
double zap(SourcePages pages) {
  return on_source(pages.number, [&](GuardSource* source) {
    return for_own_locked(source, pages.start, pages.end, [](uintptr_t from, uintptr_t to) {
      int error = 0;
      while (error == 0 && from < to) {
        TruePages run = first_true_pages_locked(from, to);
        error = advise_pages(run.start, run.start + run.length, MADV_DONTNEED);
        from += run.length;
      }
      return error;
    });
  });
}

// The first page in [start, end) that has content, or `end`.
uintptr_t first_present(const WatchedMemory* memory, uintptr_t start, uintptr_t end) {
  uintptr_t shown = memory->address(next_bit(memory->shown, memory->page(start), memory->page(end), true));
  // The file has the content of a shared page.
  for (uintptr_t page = start; !memory->shared && page < shown; page += page_size())
    if ((page_entry(page) & (kPagePresent | kPageSwapped)) != 0) return page;
  return shown;
}

// Writes content to hidden pages that have none, from the other place on in the bytes, and shows them. `target` is where they may be written:
// the address itself, or that of a second map of their file. Returns the number of bytes, or the error of the first page: -ENOENT where this
// source does not watch it, -EEXIST where it has content, -EBUSY where it is covered.
double fill(SourceBytes pages, uint64_t target, View<uint8_t> bytes) {
  size_t length = pages.end - pages.start;
  if (pages.from > bytes.length || length > bytes.length - pages.from) return -EFAULT;
  return on_source(pages.number, [&](GuardSource* source) -> double {
    const WatchedRange* range = find_watched_locked(pages.start);
    if (range == nullptr || range->memory->source != source) return -ENOENT;
    uintptr_t end = std::min(pages.end, range->end);
    const Cover* cover = first_cover_locked(pages.start, end);
    if (cover != nullptr) end = std::max(pages.start, cover->start);
    if (end == pages.start) return -EBUSY;
    end = first_present(range->memory, pages.start, end);
    if (end == pages.start) return -EEXIST;
    size_t done = write_hidden(target, bytes.data + pages.from, end - pages.start) / page_size() * page_size();
    if (done == 0) return -EIO;
    int error = show_pages_locked(source, pages.start, pages.start + done, false);
    if (error != 0) return error;
    answer_faults_locked(&source->queue, pages.start, pages.start + done, kShown);
    return static_cast<double>(done);
  });
}

template <SlotState kAnswer>
double tell(SourceRange range) {
  return on_source(range.number, [&](GuardSource* source) {
    answer_faults_locked(&source->queue, range.start, range.end, kAnswer);
    return 0;
  });
}

// Maps a part of a file over memory that this source watches. -ENOENT where it no longer watches the range: the addresses may have been
// reused before the server learns of the unmap.
double map_over(ThreadState* state, SourcePages pages, int protection, int flags, int descriptor, int64_t offset) {
  LayoutWriter writer(&state->holds, layout_insert_lock);
  if (writer.error != 0) return writer.error;
  return on_source(pages.number, [&](GuardSource* source) {
    const WatchedRange* range = find_watched_locked(pages.start);
    if (range == nullptr || range->memory->source != source || range->end < pages.end) return -ENOENT;
    void* memory = reinterpret_cast<void*>(pages.start);
    return mmap(memory, pages.end - pages.start, protection, flags | MAP_FIXED, descriptor, offset) == MAP_FAILED ? -errno : 0;
  });
}

// Whether a source serves the page at the address at this moment.
double is_served(uint64_t address) {
  TableLock lock;
  const WatchedRange* range = find_watched_locked(address);
  return range != nullptr && !range->memory->source->closed && !range->memory->source->unserved;
}

// From any thread.
double interrupt(double number) {
  return on_source(number, [](GuardSource* source) {
    source->queue.interrupts.fetch_add(1);
    ring_locked(&source->queue);
    return 0;
  });
}

// From any thread.
double expect_server(double number, bool expected) {
  TableLock lock;
  return expect_guard_source_locked(number, expected) ? 0 : kGone;
}

double close_source(double number) {
  return on_source(number, [](GuardSource* source) {
    close_guard_source_locked(source);
    return 0;
  });
}

// From here to `end_taking_locked` a fault wakes this thread if it waits, and does not signal the eventfd.
int begin_taking_locked(GuardSource* source, const ThreadState* state, bool waits) {
  if (source == nullptr) return kGone;
  if (source->owner != state) return -EPERM;
  source->references++;
  source->queue.taking.store(waits);
  source->unserved = false;
  hush_locked(&source->queue);
  return 0;
}

void end_taking_locked(GuardSource* source) {
  source->queue.taking.store(false);
  // Signal the eventfd again for faults that did not fit, so that the next poll finds them.
  if (source->queue.queued.load() > 0) ring_locked(&source->queue);
  source->references--;
}

// Takes faults, two numbers for each, as the queue gives them. Returns their number, after waiting up to `timeout` milliseconds for one.
double take_faults(ThreadState* state, double number, double milliseconds, View<double> faults) {
  size_t room = std::min(kMostTaken, faults.length / 2);
  GuardSource* source;
  bool waits = milliseconds > 0;
  {
    TableLock lock;
    source = guard_source_locked(number);
    int error = begin_taking_locked(source, state, waits);
    if (error != 0) return error;
  }
  FaultQueue& queue = source->queue;
  uint64_t deadline = waits ? monotonic_time() + static_cast<uint64_t>(std::min(milliseconds, 1e9) * 1e6) : 0;
  for (;;) {
    uint32_t turn = queue.turn.load();
    {
      TableLock lock;
      size_t count = take_faults_locked(&queue, faults.data, room);
      bool interrupted = queue.interrupts.load() != queue.seen_interrupts;
      queue.seen_interrupts = queue.interrupts.load();
      if (count > 0 || interrupted || source->closed || !waits) {
        end_taking_locked(source);
        return static_cast<double>(count);
      }
    }
    waits = futex_wait(&queue.turn, turn, deadline);
  }
}

constexpr Function kFunctions[] = {
    {"guardCreate", callback<create>},
    {"guardWatch", callback<watch>},
    {"guardSetProtection", callback<set_protection>},
    {"guardUnwatch", callback<unwatch>},
    {"guardTake", callback<take_faults>},
    {"guardInterrupt", callback<interrupt>},
    {"guardShow", callback<show>},
    {"guardHide", callback<hide>},
    {"guardZap", callback<zap>},
    {"guardFill", callback<fill>},
    {"guardFail", callback<tell<kFailed>>},
    {"guardWake", callback<tell<kShown>>},
    {"guardExpectServer", callback<expect_server>},
    {"guardMapOver", callback<map_over>},
    {"guardIsServed", callback<is_served>},
    {"guardClose", callback<close_source>},
};

}  // namespace

const FunctionTable kGuardSources(kFunctions);

}  // namespace vmarea
