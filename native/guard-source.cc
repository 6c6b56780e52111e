#include "guard-source.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "bitmap.h"
#include "containment.h"
#include "guard.h"
#include "held-flags.h"
#include "layout-lock.h"
#include "region-table.h"

namespace vmarea {

std::atomic<size_t> watched_ranges{0};

namespace {

constexpr int kGuardInstall = 102, kGuardRemove = 103;  // MADV_GUARD_INSTALL, MADV_GUARD_REMOVE
constexpr uint64_t kNever = UINT64_MAX;

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

uint64_t now() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

// Waits while the word has this value, until the deadline, or until woken: the caller looks again.
void futex_wait(std::atomic<uint32_t>* word, uint32_t value, uint64_t deadline) {
  if (deadline == kNever) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
    return;
  }
  uint64_t time = now();
  if (time >= deadline) return;
  struct timespec left = {static_cast<time_t>((deadline - time) / 1000000000u), static_cast<long>((deadline - time) % 1000000000u)};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &left, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>* word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0); }

// ---- faults that wait -------------------------------------------------------------------------------------------------------------

enum SlotState : uint32_t { kFree, kQueued, kTaken, kShown, kFailed };

// One thread in the handler.
struct Slot {
  std::atomic<uint32_t> state{kFree};
  uintptr_t page = 0;
  bool write = false;
  bool first_write = false;
};

constexpr size_t kSlots = 256;
constexpr size_t kMostTaken = 64;

// Under the table's lock, save what is atomic.
struct Source {
  ThreadState* owner = nullptr;  // the thread that serves; none when it is gone
  uint32_t id = 0;
  int event = -1;           // an eventfd: readable when a fault waits and nobody is in `take`
  uint64_t timeout = kNever;  // nanoseconds
  bool marks = false;       // pages may be hidden by guard markers
  bool closed = false;
  bool awaited = false;     // once it is closed: another one is on its way, and who waits goes on waiting for that
  bool unserved = false;    // nobody took a fault for as long as one waits: until somebody does, none has to wait so long again
  size_t references = 1;    // the open source, its memories, and threads in the handler
  std::atomic<uint32_t> turn{0};       // counts what `take` has to look at
  std::atomic<uint32_t> interrupts{0};
  uint32_t seen_interrupts = 0;
  std::atomic<bool> taking{false};
  std::atomic<uint32_t> queued{0};
  std::atomic<uint32_t> rung{0};       // the eventfd is readable
  std::atomic<uint32_t> freed{0};      // counts slots that became free; who finds none waits on it
  size_t next = 0;                     // where `take` goes on looking, so that everyone's turn comes
  Slot slots[kSlots];
};

// By number. Sources that nobody has any more are deleted when the next one comes: a handler can't.
std::vector<Source*>& sources_locked() {
  static std::vector<Source*>* sources = new std::vector<Source*>;
  return *sources;
}

Source* source_of_locked(double number) {
  auto& sources = sources_locked();
  if (!(number >= 0 && number < static_cast<double>(sources.size()))) return nullptr;
  Source* source = sources[static_cast<size_t>(number)];
  return source != nullptr && !source->closed ? source : nullptr;
}

void answer_locked(Source* source, uintptr_t start, uintptr_t end, SlotState answer) {
  for (Slot& slot : source->slots) {
    uint32_t state = slot.state.load();
    if ((state != kQueued && state != kTaken) || slot.page < start || slot.page >= end) continue;
    if (state == kQueued) source->queued.fetch_sub(1);
    slot.state.store(answer);
    futex_wake(&slot.state, 1);
  }
}

// ---- what is watched ----------------------------------------------------------------------------------------------------------------

// What one `watch` was given, for as long as a part of it is watched.
struct Memory {
  uintptr_t start, end;
  Source* source;
  size_t references = 0;  // ranges
  bool shared;            // nothing is lost where the map lets go of a page
  bool notify;            // the first write to a page is a fault of its own
  bool marks;             // chunks are opened with markers
  bool marked = false;    // markers may be there
  bool protects;          // pages may be hidden by their protection, in open chunks as well
  size_t chunk;           // bytes
  uint64_t* shown = nullptr;
  uint64_t* writable = nullptr;  // where writes are told
  uint64_t* open = nullptr;      // by chunk

  size_t pages() const { return (end - start) / page_size(); }
  size_t chunks() const { return (end - start + chunk - 1) / chunk; }
  size_t page(uintptr_t address) const { return (address - start) / page_size(); }
  uintptr_t address(size_t page) const { return start + page * page_size(); }
};

struct WatchedRange {
  uintptr_t start, end;
  int protection;
  Memory* memory;
};

// By start address, apart.
std::map<uintptr_t, WatchedRange>& ranges_locked() {
  static std::map<uintptr_t, WatchedRange>* ranges = new std::map<uintptr_t, WatchedRange>;
  return *ranges;
}

std::map<uintptr_t, WatchedRange>::iterator first_after_locked(uintptr_t address) {
  auto& ranges = ranges_locked();
  auto next = ranges.upper_bound(address);
  return next != ranges.begin() && std::prev(next)->second.end > address ? std::prev(next) : next;
}

WatchedRange* find_watched_locked(uintptr_t address) {
  auto found = first_after_locked(address);
  return found != ranges_locked().end() && found->second.start <= address ? &found->second : nullptr;
}

void cut_locked(uintptr_t address) {
  WatchedRange* range = find_watched_locked(address);
  if (range == nullptr || range->start == address) return;
  WatchedRange rest = *range;
  rest.start = address;
  range->end = address;
  rest.memory->references++;
  ranges_locked().emplace(address, rest);
  watched_ranges.store(ranges_locked().size());
}

// What a page is given that was shown and whose first write is still to be told.
int base_protection(const WatchedRange& range) { return range.memory->notify ? range.protection & ~PROT_WRITE : range.protection; }

// Calls `act(from, to)` for the runs of [start, end) that no containment has covered: a cover is not the memory, and keeps its permission.
template <typename Act>
int for_uncovered_locked(uintptr_t start, uintptr_t end, Act act) {
  for (uintptr_t from = start; from < end;) {
    Region* region = find_locked(from);
    uintptr_t to = region == nullptr ? end : std::min(end, region->end);
    if (region == nullptr || region->covered_pages == 0) {
      int error = act(from, to);
      if (error != 0) return error;
      from = to;
      continue;
    }
    size_t page = (from - region->start) / region->page, last = (to - region->start) / region->page;
    size_t covered = next_bit(region->covered, page, last, true);
    uintptr_t border = std::min(to, region->start + covered * region->page);
    if (border > from) {
      int error = act(from, border);
      if (error != 0) return error;
    }
    size_t uncovered = next_bit(region->covered, covered, last, false);
    from = std::min(to, region->start + uncovered * region->page);
  }
  return 0;
}

int advise(uintptr_t from, uintptr_t to, int advice) { return madvise(at(from), to - from, advice) == 0 ? 0 : -errno; }
int protect(uintptr_t from, uintptr_t to, int protection) { return mprotect(at(from), to - from, protection) == 0 ? 0 : -errno; }

// Hides all that the source has shown, in an area a range: at the limit of their number this gives back what showing took. The pages
// are in the file still, and each faults once more.
void hide_everything_locked(Source* source) {
  for (auto& [start, range] : ranges_locked()) {
    Memory* memory = range.memory;
    if (memory->source != source) continue;
    for_uncovered_locked(range.start, range.end, [](uintptr_t from, uintptr_t to) { return protect(from, to, PROT_NONE); });
    size_t first = memory->page(range.start), last = memory->page(range.end);
    set_bits(memory->shown, first, last, false);
    if (memory->notify) set_bits(memory->writable, first, last, false);
    set_bits(memory->open, (range.start - memory->start) / memory->chunk, (range.end - 1 - memory->start) / memory->chunk + 1, false);
    // Markers put over a private page would take the program's copy away.
    if (!memory->shared) memory->marks = false;
    memory->protects = false;
  }
}

// Puts a marker on every page of the chunk and gives it the protection of its ranges. Answers -EINVAL where the kernel takes no markers
// there, as on locked memory.
int open_chunk_locked(Memory* memory, size_t chunk) {
  uintptr_t start = memory->start + chunk * memory->chunk, end = std::min(memory->end, start + memory->chunk);
  auto each = [&](auto act) {
    for (auto next = first_after_locked(start); next != ranges_locked().end() && next->second.start < end; ++next) {
      WatchedRange& range = next->second;
      if (range.memory != memory) continue;
      int error = for_uncovered_locked(std::max(start, range.start), std::min(end, range.end),
                                       [&](uintptr_t from, uintptr_t to) { return act(range, from, to); });
      if (error != 0) return error;
    }
    return 0;
  };
  memory->marked = true;
  int error = each([](WatchedRange&, uintptr_t from, uintptr_t to) { return advise(from, to, kGuardInstall); });
  if (error != 0) return error;
  error = each([](WatchedRange& range, uintptr_t from, uintptr_t to) { return protect(from, to, base_protection(range)); });
  if (error == 0) set_bits(memory->open, chunk, chunk + 1, true);
  return error;
}

bool is_open(const Memory* memory, uintptr_t address) { return has_bit(memory->open, (address - memory->start) / memory->chunk); }

// Shows [from, to), which lies in one chunk of one range and is not covered.
int show_run_locked(WatchedRange& range, uintptr_t from, uintptr_t to, bool writable) {
  Memory* memory = range.memory;
  if (memory->marks && !is_open(memory, from)) {
    int error = open_chunk_locked(memory, (from - memory->start) / memory->chunk);
    if (error == -EINVAL) memory->marks = false;
    else if (error != 0) return error;
  }
  bool first_writes = memory->notify && writable && (range.protection & PROT_WRITE) != 0;
  if (!is_open(memory, from) || memory->protects || first_writes) {
    int error = protect(from, to, first_writes ? range.protection : base_protection(range));
    if (error != 0) return error;
  }
  if (memory->marked) {
    int error = advise(from, to, kGuardRemove);
    if (error != 0) return error;
  }
  set_bits(memory->shown, memory->page(from), memory->page(to), true);
  if (first_writes) set_bits(memory->writable, memory->page(from), memory->page(to), true);
  return 0;
}

// Calls `act(range, from, to)` for the runs of [start, end) within one chunk of one range.
template <typename Act>
int for_chunks_locked(uintptr_t start, uintptr_t end, Act act) {
  for (uintptr_t at = start; at < end;) {
    auto found = first_after_locked(at);
    if (found == ranges_locked().end() || found->second.start >= end) return 0;
    WatchedRange& range = found->second;
    at = std::max(at, range.start);
    uintptr_t border = range.memory->start + ((at - range.memory->start) / range.memory->chunk + 1) * range.memory->chunk;
    uintptr_t to = std::min({end, range.end, border});
    int error = act(range, at, to);
    if (error != 0) return error;
    at = to;
  }
  return 0;
}

int show_locked(uintptr_t start, uintptr_t end, bool writable) {
  return for_chunks_locked(start, end, [&](WatchedRange& range, uintptr_t from, uintptr_t to) {
    return for_uncovered_locked(from, to, [&](uintptr_t first, uintptr_t last) {
      Memory* memory = range.memory;
      // Pages that are shown stay as they are, save that a first write may have been waited for.
      if (writable && memory->notify) return show_run_locked(range, first, last, true);
      for (uintptr_t page = first; page < last;) {
        uintptr_t hidden = memory->address(next_bit(memory->shown, memory->page(page), memory->page(last), false));
        uintptr_t shown = memory->address(next_bit(memory->shown, memory->page(hidden), memory->page(last), true));
        if (hidden < shown) {
          int error = show_run_locked(range, hidden, shown, writable);
          if (error != 0) return error;
        }
        page = shown;
      }
      return 0;
    });
  });
}

// Hides [from, to), which lies in one chunk of one range and is not covered.
int hide_run_locked(WatchedRange& range, uintptr_t from, uintptr_t to) {
  Memory* memory = range.memory;
  set_bits(memory->shown, memory->page(from), memory->page(to), false);
  if (memory->notify) set_bits(memory->writable, memory->page(from), memory->page(to), false);
  // What the program has written to a private page stays its own.
  if (memory->shared && is_open(memory, from) && advise(from, to, kGuardInstall) == 0)
    return memory->notify ? protect(from, to, base_protection(range)) : 0;
  if (is_open(memory, from)) memory->protects = true;
  else if (memory->marks) return 0;
  return protect(from, to, PROT_NONE);
}

int hide_locked(uintptr_t start, uintptr_t end) {
  return for_chunks_locked(start, end, [&](WatchedRange& range, uintptr_t from, uintptr_t to) {
    return for_uncovered_locked(from, to, [&](uintptr_t first, uintptr_t last) { return hide_run_locked(range, first, last); });
  });
}

// Gives what is to be seen of a range the protection that the range has now.
int apply_protection_locked(uintptr_t start, uintptr_t end) {
  return for_chunks_locked(start, end, [&](WatchedRange& range, uintptr_t from, uintptr_t to) {
    return for_uncovered_locked(from, to, [&](uintptr_t first, uintptr_t last) {
      Memory* memory = range.memory;
      if (is_open(memory, first) && !memory->protects) {
        int error = protect(first, last, base_protection(range));
        if (error != 0 || !memory->notify) return error;
      }
      const uint64_t* bits = is_open(memory, first) && !memory->protects ? memory->writable : memory->shown;
      size_t end_page = memory->page(last);
      for (size_t page = next_bit(bits, memory->page(first), end_page, true); page < end_page;) {
        bool written = memory->notify && has_bit(memory->writable, page);
        size_t next = next_bit(bits, page, end_page, false);
        if (memory->notify) next = std::min(next, next_bit(memory->writable, page, end_page, !written));
        int error = protect(memory->address(page), memory->address(next), written ? range.protection : base_protection(range));
        if (error != 0) return error;
        page = next_bit(bits, next, end_page, true);
      }
      return 0;
    });
  });
}

int set_protection_locked(uintptr_t start, uintptr_t end, int protection) {
  cut_locked(start);
  cut_locked(end);
  Source* source = nullptr;
  for (auto range = first_after_locked(start); range != ranges_locked().end() && range->second.start < end; ++range) {
    range->second.protection = protection;
    source = range->second.memory->source;
  }
  int error = apply_protection_locked(start, end);
  if (error != -ENOMEM || source == nullptr) return error;
  hide_everything_locked(source);
  return 0;
}

// ---- the life of it -----------------------------------------------------------------------------------------------------------------

void* new_bits(size_t bits) {
  void* memory = mmap(nullptr, (bits + 63) / 64 * 8, PROT_READ | PROT_WRITE, kNothing, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void delete_bits(uint64_t* bits, size_t count) {
  if (bits != nullptr) munmap(bits, (count + 63) / 64 * 8);
}

void delete_memory_locked(Memory* memory) {
  delete_bits(memory->shown, memory->pages());
  delete_bits(memory->writable, memory->pages());
  delete_bits(memory->open, memory->chunks());
  memory->source->references--;
  delete memory;
}

// Large enough that a large range has no more chunks than areas are to be had, small enough that opening one takes no time.
size_t chunk_for(size_t length) {
  size_t chunk = 512 * page_size();
  while (chunk < length / 1024 && chunk < 16384 * page_size()) chunk *= 2;
  return chunk;
}

// Who waits for the source that comes after this one looks again.
void tell_awaiting_locked(Source* source) {
  if (!source->awaited) return;
  source->freed.fetch_add(1);
  futex_wake(&source->freed, INT32_MAX);
}

void unwatch_locked(uintptr_t start, uintptr_t end) {
  cut_locked(start);
  cut_locked(end);
  auto& ranges = ranges_locked();
  for (auto range = ranges.lower_bound(start); range != ranges.end() && range->second.start < end;) {
    Memory* memory = range->second.memory;
    answer_locked(memory->source, range->second.start, range->second.end, kShown);
    range = ranges.erase(range);
    tell_awaiting_locked(memory->source);
    if (--memory->references == 0) delete_memory_locked(memory);
  }
  watched_ranges.store(ranges.size());
}

int watch_locked(Source* source, uintptr_t start, uintptr_t end, int protection, bool notify, bool shared) {
  bool before = false;
  for (auto range = first_after_locked(start); range != ranges_locked().end() && range->second.start < end; ++range) {
    if (!range->second.memory->source->closed) return -EBUSY;
    before = true;
  }
  if (before) unwatch_locked(start, end);  // whoever served it has gone
  Memory* memory = new Memory{};
  memory->start = start;
  memory->end = end;
  memory->source = source;
  memory->shared = shared;
  memory->notify = notify;
  memory->marks = source->marks && (shared || !before);
  memory->marked = before && source->marks;
  memory->protects = false;
  memory->chunk = chunk_for(end - start);
  source->references++;
  memory->shown = static_cast<uint64_t*>(new_bits(memory->pages()));
  memory->open = static_cast<uint64_t*>(new_bits(memory->chunks()));
  if (notify) memory->writable = static_cast<uint64_t*>(new_bits(memory->pages()));
  int error = memory->shown == nullptr || memory->open == nullptr || (notify && memory->writable == nullptr) ? -ENOMEM : 0;
  auto hide = [](uintptr_t from, uintptr_t to) { return protect(from, to, PROT_NONE); };
  if (error == 0) error = for_uncovered_locked(start, end, hide);
  if (error != 0) {
    delete_memory_locked(memory);
    return error;
  }
  memory->references = 1;
  ranges_locked().emplace(start, WatchedRange{start, end, protection, memory});
  watched_ranges.store(ranges_locked().size());
  hold_flags_locked(start, end, kHeldWatched, 0);
  return 0;
}

// Nobody serves any more: who waits fails, and so does whoever comes.
void close_locked(Source* source) {
  if (source->closed) return;
  source->closed = true;
  source->owner = nullptr;
  if (source->event >= 0) close(source->event);
  source->event = -1;
  source->references--;
  answer_locked(source, 0, UINTPTR_MAX, source->awaited ? kShown : kFailed);
  source->freed.fetch_add(1);
  futex_wake(&source->freed, INT32_MAX);
}

void delete_unused_locked() {
  for (Source*& source : sources_locked()) {
    if (source == nullptr || source->references > 0) continue;
    delete source;
    source = nullptr;
  }
}

// Whether this kernel puts guard markers into maps of files.
bool probe_marks() {
  int file = static_cast<int>(syscall(SYS_memfd_create, "vmarea-probe", 1u /* MFD_CLOEXEC */));
  if (file < 0) return false;
  size_t page = page_size();
  bool can = false;
  if (ftruncate(file, static_cast<off_t>(page)) == 0) {
    void* place = mmap(nullptr, page, PROT_NONE, MAP_SHARED, file, 0);
    if (place != MAP_FAILED) {
      can = madvise(place, page, kGuardInstall) == 0 && madvise(place, page, kGuardRemove) == 0;
      munmap(place, page);
    }
  }
  close(file);
  return can;
}

// ---- in the handler -------------------------------------------------------------------------------------------------------------------

struct HandlerState {
  bool may_not_wait;
  uintptr_t tried_page;
  int tries;
};

__thread HandlerState here
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))  // a signal handler must not allocate to find it
#endif
    = {};

bool allows(int protection, uint8_t access) {
  if (access == 1) return (protection & PROT_WRITE) != 0;
  if (access == 2) return (protection & PROT_EXEC) != 0;
  return (protection & (PROT_READ | PROT_WRITE)) != 0;
}

Slot* take_slot_locked(Source* source) {
  for (Slot& slot : source->slots)
    if (slot.state.load() == kFree) return &slot;
  return nullptr;
}

void ring_locked(Source* source) {
  source->turn.fetch_add(1);
  if (source->taking.load()) {
    futex_wake(&source->turn, 1);
  } else if (source->rung.exchange(1) == 0 && source->event >= 0) {
    uint64_t one = 1;
    if (write(source->event, &one, sizeof one) < 0) {
      // It is readable already.
    }
  }
}

bool is_covered_locked(uintptr_t address) {
  Region* region = find_locked(address);
  return region != nullptr && covered_locked(region, (address - region->start) / region->page);
}

// A page that is shown may have been hidden when it was touched, and the access must be tried again. Where that goes on and on, somebody
// else took the permission away.
bool is_refused_all_the_same(uintptr_t page) {
  here.tries = page == here.tried_page ? here.tries + 1 : 1;
  here.tried_page = page;
  if (here.tries < 1000) return false;
  here.tries = 0;
  return true;
}

Waited fails(Fault* fault, Reason reason) {
  fault->reason = reason;
  return Waited::kFault;
}

}  // namespace

NoWaiting::NoWaiting() { here.may_not_wait = true; }
NoWaiting::~NoWaiting() { here.may_not_wait = false; }

Waited wait_for_page(Fault* fault) {
  if (here.may_not_wait || watched_ranges.load(std::memory_order_relaxed) == 0) return Waited::kElsewhere;
  uintptr_t page = fault->address & ~(static_cast<uintptr_t>(page_size()) - 1);
  uint64_t deadline = 0;
  for (;;) {
    Source* source;
    Slot* slot;
    uint32_t freed = 0;
    {
      TableLock lock;
      WatchedRange* range = find_watched_locked(page);
      if (range == nullptr) return deadline == 0 ? Waited::kElsewhere : Waited::kRetry;
      // Whoever covered it was told that it can't be had, and so is this one.
      if (is_covered_locked(page)) return fails(fault, kDriver);
      if (!allows(range->protection, fault->access))
        return fails(fault, fault->access == 1 && allows(range->protection, 0) ? kReadOnly : kNoAccess);
      Memory* memory = range->memory;
      bool shown = has_bit(memory->shown, memory->page(page));
      bool first_write = shown && fault->access == 1 && memory->notify && !has_bit(memory->writable, memory->page(page));
      if (shown && !first_write) return deadline == 0 && is_refused_all_the_same(page) ? Waited::kElsewhere : Waited::kRetry;
      source = memory->source;
      bool awaits = source->closed && source->awaited;
      if ((source->closed && !awaits) || source->unserved) return fails(fault, kUnserved);
      if (!awaits && source->owner == current_thread_state) return fails(fault, kWouldDeadlock);
      if (deadline == 0) deadline = source->timeout == kNever ? kNever : now() + source->timeout;
      freed = source->freed.load();
      slot = awaits ? nullptr : take_slot_locked(source);
      source->references++;
      if (slot != nullptr) {
        slot->page = page;
        slot->write = fault->access == 1;
        slot->first_write = first_write;
        slot->state.store(kQueued);
        source->queued.fetch_add(1);
        ring_locked(source);
      }
    }
    if (slot == nullptr) {
      futex_wait(&source->freed, freed, deadline);
    } else {
      uint32_t state;
      while (((state = slot->state.load()) == kQueued || state == kTaken) && now() < deadline) futex_wait(&slot->state, state, deadline);
    }
    TableLock lock;
    source->references--;
    if (slot == nullptr) {
      if (now() >= deadline) return fails(fault, kTimedOut);
      continue;
    }
    uint32_t state = slot->state.load();
    if (state == kQueued) {
      source->queued.fetch_sub(1);
      source->unserved = true;
    }
    slot->state.store(kFree);
    source->freed.fetch_add(1);
    futex_wake(&source->freed, 1);
    if (state == kQueued) return fails(fault, kUnserved);
    if (state != kShown) return fails(fault, source->closed ? kUnserved : state == kTaken ? kTimedOut : kDriver);
    // Another thread gave up on the page and covered it: what is there now is not the memory.
    return is_covered_locked(page) ? fails(fault, kDriver) : Waited::kRetry;
  }
}

int protect_memory_locked(uintptr_t start, size_t length, int protection) {
  uintptr_t end = start + length;
  if (watched_ranges.load() == 0) return protect(start, end, protection);
  for (uintptr_t at = start; at < end;) {
    auto next = first_after_locked(at);
    uintptr_t border = next == ranges_locked().end() ? end : std::min(end, std::max(at, next->second.start));
    if (border > at) {
      int error = protect(at, border, protection);
      if (error != 0) return error;
      at = border;
      continue;
    }
    uintptr_t to = std::min(end, next->second.end);
    int error = set_protection_locked(at, to, protection);
    if (error != 0) return error;
    at = to;
  }
  return 0;
}

void forget_watched_locked(uintptr_t start, uintptr_t end) {
  if (watched_ranges.load() > 0) unwatch_locked(start, end);
}

void grow_watched_locked(uintptr_t end, uintptr_t new_end) {
  if (watched_ranges.load() == 0) return;
  WatchedRange* last = find_watched_locked(end - 1);
  if (last == nullptr || last->end != end) return;
  Memory* memory = last->memory;
  watch_locked(memory->source, end, new_end, last->protection, memory->notify, memory->shared);
}

bool is_watched_locked(uintptr_t address) { return watched_ranges.load() > 0 && find_watched_locked(address) != nullptr; }

bool is_allowed(uintptr_t start, uintptr_t end, bool write) {
  TableLock lock;
  for (auto range = first_after_locked(start); range != ranges_locked().end() && range->second.start < end; ++range)
    if (!allows(range->second.protection, write)) return false;
  return true;
}

bool is_hidden_locked(uintptr_t address) {
  if (watched_ranges.load() == 0) return false;
  const WatchedRange* range = find_watched_locked(address);
  return range != nullptr && !has_bit(range->memory->shown, range->memory->page(address));
}

void hide_returned_page_locked(uintptr_t address, size_t length) {
  if (watched_ranges.load() == 0) return;
  for_chunks_locked(address, address + length, [](WatchedRange& range, uintptr_t from, uintptr_t to) {
    // It comes back with the protection that it went with.
    bool open = is_open(range.memory, from);
    if (hide_run_locked(range, from, to) == 0 && open && range.memory->shared) return protect(from, to, base_protection(range));
    return open ? 0 : protect(from, to, PROT_NONE);
  });
}

void release_guard_sources_of(ThreadState* state) {
  TableLock lock;
  for (Source* source : sources_locked())
    if (source != nullptr && source->owner == state) close_locked(source);
}

// ---- what JavaScript calls --------------------------------------------------------------------------------------------------------------

namespace {

constexpr int kGone = -EBADF;

struct SourceCall : Call {
  SourceCall(napi_env env, napi_callback_info info) : Call(env, info), state(static_cast<ThreadState*>(data())) {}
  // Addresses and lengths come in the mailbox: as arguments each would be an allocation. 1 is the address, 3 the length.
  uintptr_t start() const { return operand(1); }
  uintptr_t end() const { return operand(1) + operand(3); }
  ThreadState* state;

 private:
  uintptr_t operand(size_t index) const {
    double value = state->mailbox.results[index];
    return value >= 0 && value <= 9007199254740992.0 ? static_cast<uintptr_t>(value) : 0;
  }
};

bool is_sound(uintptr_t start, uintptr_t end) {
  return start < end && start % page_size() == 0 && end % page_size() == 0;
}

// (timeout in milliseconds, below 0 for none; whether guard markers may be used)
napi_value create(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double timeout = call.number(0);
  bool marks = call.boolean(1);
  if (call.wrong()) return nullptr;
  int error = guard_install();
  if (error != 0) return call.result(error);
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return call.result(-errno);
  static const bool can_mark = probe_marks();
  Source* source = new Source;
  source->owner = call.state;
  source->event = event;
  source->timeout = timeout >= 0 && timeout < 1e12 ? static_cast<uint64_t>(timeout * 1e6) : kNever;
  source->marks = marks && can_mark;
  TableLock lock;
  delete_unused_locked();
  auto& sources = sources_locked();
  auto place = std::find(sources.begin(), sources.end(), nullptr);
  source->id = static_cast<uint32_t>(place - sources.begin());
  if (place == sources.end()) sources.push_back(source);
  else *place = source;
  call.state->mailbox.results[0] = event;
  call.state->mailbox.results[1] = source->marks;
  return call.result(source->id);
}

// (source, protection, whether first writes are told, whether the map is shared)
napi_value watch(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  int protection = call.int32(1);
  bool notify = call.boolean(2);
  bool shared = call.boolean(3);
  if (call.wrong()) return nullptr;
  if (!is_sound(call.start(), call.end())) return call.result(-EINVAL);
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  return call.result(watch_locked(source, call.start(), call.end(), protection, notify, shared));
}

// (source, protection)
napi_value set_protection(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  int protection = call.int32(1);
  if (call.wrong()) return nullptr;
  if (!is_sound(call.start(), call.end())) return call.result(-EINVAL);
  TableLock lock;
  if (source_of_locked(id) == nullptr) return call.result(kGone);
  return call.result(set_protection_locked(call.start(), call.end(), protection));
}

// (source)
napi_value unwatch(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  if (call.wrong()) return nullptr;
  if (!is_sound(call.start(), call.end())) return call.result(-EINVAL);
  TableLock lock;
  if (source_of_locked(id) == nullptr) return call.result(kGone);
  unwatch_locked(call.start(), call.end());
  release_held_locked(call.start(), call.end(), kHeldWatched);
  return call.result(0);
}

size_t collect_locked(Source* source, double* faults, size_t room) {
  size_t count = 0;
  size_t first = source->next;
  for (size_t index = 0; index < kSlots && count < room && source->queued.load() > 0; index++) {
    Slot& slot = source->slots[(first + index) % kSlots];
    if (slot.state.load() != kQueued) continue;
    slot.state.store(kTaken);
    source->queued.fetch_sub(1);
    source->next = (first + index + 1) % kSlots;
    faults[2 * count] = static_cast<double>(slot.page);
    faults[2 * count + 1] = slot.write + 2 * slot.first_write;
    count++;
  }
  return count;
}

// (source, milliseconds, a Float64Array for two numbers a fault: its page; 1 for a write, 2 more where the page was shown)
napi_value take(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  double milliseconds = call.number(1);
  size_t bytes = 0;
  double* faults = reinterpret_cast<double*>(call.bytes(2, &bytes));
  if (call.wrong()) return nullptr;
  size_t room = std::min(kMostTaken, bytes / (2 * sizeof(double)));
  Source* source;
  {
    TableLock lock;
    source = source_of_locked(id);
    if (source == nullptr) return call.result(kGone);
    if (source->owner != call.state) return call.result(-EPERM);
    source->references++;
    source->taking.store(milliseconds > 0);
    source->unserved = false;
    if (source->rung.exchange(0) != 0) {
      uint64_t rings;
      if (read(source->event, &rings, sizeof rings) < 0) {
        // It was about to be rung: then a turn too many is taken for it.
      }
    }
  }
  uint64_t deadline = milliseconds > 0 ? now() + static_cast<uint64_t>(std::min(milliseconds, 1e9) * 1e6) : 0;
  size_t count = 0;
  for (;;) {
    uint32_t turn = source->turn.load();
    {
      TableLock lock;
      count = collect_locked(source, faults, room);
      bool interrupted = source->interrupts.load() != source->seen_interrupts;
      source->seen_interrupts = source->interrupts.load();
      if (count > 0 || interrupted || source->closed || now() >= deadline) {
        source->taking.store(false);
        // What there was no room for must not be forgotten by who polls.
        if (source->queued.load() > 0) ring_locked(source);
        source->references--;
        break;
      }
    }
    futex_wait(&source->turn, turn, deadline);
  }
  return call.result(static_cast<double>(count));
}

// (source), from any thread
napi_value interrupt(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  if (call.wrong()) return nullptr;
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  source->interrupts.fetch_add(1);
  ring_locked(source);
  return call.result(0);
}

// (source, expected), from any thread: whether another source is on its way, for which who waits goes on waiting when this one is closed.
napi_value expect_server(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  bool expected = call.boolean(1);
  if (call.wrong()) return nullptr;
  TableLock lock;
  auto& sources = sources_locked();
  if (!(id >= 0 && id < static_cast<double>(sources.size())) || sources[static_cast<size_t>(id)] == nullptr) return call.result(kGone);
  Source* source = sources[static_cast<size_t>(id)];
  tell_awaiting_locked(source);
  source->awaited = expected;
  return call.result(0);
}

// (source, writable)
napi_value show(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  bool writable = call.boolean(1);
  if (call.wrong()) return nullptr;
  if (!is_sound(call.start(), call.end())) return call.result(-EINVAL);
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  int error = show_locked(call.start(), call.end(), writable);
  if (error == -ENOMEM) {
    hide_everything_locked(source);
    error = show_locked(call.start(), call.end(), writable);
  }
  if (error == 0) answer_locked(source, call.start(), call.end(), kShown);
  return call.result(error);
}

// (source)
napi_value hide(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  if (call.wrong()) return nullptr;
  if (!is_sound(call.start(), call.end())) return call.result(-EINVAL);
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  int error = hide_locked(call.start(), call.end());
  if (error == -ENOMEM) {
    hide_everything_locked(source);
    error = hide_locked(call.start(), call.end());
  }
  return call.result(error);
}

// Whether all of [start, end) is watched by the source.
bool is_own_locked(const Source* source, uintptr_t start, uintptr_t end) {
  while (start < end) {
    const WatchedRange* range = find_watched_locked(start);
    if (range == nullptr || range->memory->source != source) return false;
    start = range->end;
  }
  return true;
}

// (source, protection, flags, descriptor, offset): maps a file over memory that the source watches, and goes on watching it. -ENOENT where
// it does not watch all of it.
napi_value map_over(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  int protection = call.int32(1);
  int flags = call.int32(2);
  int descriptor = call.int32(3);
  int64_t offset = call.integer(4);
  if (call.wrong()) return nullptr;
  if (!is_sound(call.start(), call.end())) return call.result(-EINVAL);
  LayoutWriter writer(&call.state->holds);
  if (writer.error != 0) return call.result(writer.error);
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  if (!is_own_locked(source, call.start(), call.end())) return call.result(-ENOENT);
  void* place = mmap(at(call.start()), call.end() - call.start(), protection, flags | MAP_FIXED, descriptor, static_cast<off_t>(offset));
  return call.result(place == MAP_FAILED ? -errno : 0);
}

// (source)
template <SlotState kAnswer>
napi_value tell(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  if (call.wrong()) return nullptr;
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  answer_locked(source, call.start(), call.end(), kAnswer);
  return call.result(0);
}

// (source)
napi_value close_source(napi_env env, napi_callback_info info) {
  SourceCall call(env, info);
  double id = call.number(0);
  if (call.wrong()) return nullptr;
  TableLock lock;
  Source* source = source_of_locked(id);
  if (source == nullptr) return call.result(kGone);
  close_locked(source);
  delete_unused_locked();
  return call.result(0);
}

}  // namespace

const Function kGuardSourceFunctions[] = {
    {"guardCreate", create},
    {"guardWatch", watch},
    {"guardSetProtection", set_protection},
    {"guardUnwatch", unwatch},
    {"guardTake", take},
    {"guardInterrupt", interrupt},
    {"guardShow", show},
    {"guardExpectServer", expect_server},
    {"guardHide", hide},
    {"guardMapOver", map_over},
    {"guardFail", tell<kFailed>},
    {"guardWake", tell<kShown>},
    {"guardClose", close_source},
};
const size_t kGuardSourceFunctionCount = sizeof kGuardSourceFunctions / sizeof *kGuardSourceFunctions;

}  // namespace vmarea
