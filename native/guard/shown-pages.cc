#include "guard/shown-pages.h"

#include <errno.h>
#include <sys/mman.h>

#include <algorithm>

#include "page/newer-kernel.h"
#include "page/page-calls.h"
#include "region/uncovered-runs.h"
#include "noted/watched-memory.h"

namespace vmarea {
namespace {

// The protection of a shown page whose first write is still to be reported.
int base_protection(const WatchedRange& range) { return range.memory->notify ? range.protection & ~PROT_WRITE : range.protection; }

void note_hidden(WatchedMemory* memory, uintptr_t from, uintptr_t to) {
  set_bits(memory->shown, memory->page(from), memory->page(to), false);
  if (memory->notify) set_bits(memory->writable, memory->page(from), memory->page(to), false);
}

// Hides all pages that the source has shown, so that each range is one area: at the limit of areas this frees those that showing made.
// The pages are still in the file, and each faults once more.
void hide_everything_locked(GuardSource* source) {
  for (auto& [start, range] : watched_ranges_locked()) {
    WatchedMemory* memory = range.memory;
    if (memory->source != source) continue;
    for_uncovered_locked(range.start, range.end, [](uintptr_t from, uintptr_t to) { return protect_pages(from, to, PROT_NONE); });
    note_hidden(memory, range.start, range.end);
    set_bits(memory->open, (range.start - memory->start) / memory->chunk, (range.end - 1 - memory->start) / memory->chunk + 1, false);
    // A marker over a private page would discard the program's copy.
    if (!memory->shared) memory->marks = false;
    memory->protects = false;
  }
}

// Puts a marker on every page of the chunk and sets the protection of its ranges. Returns -EINVAL where the kernel accepts no markers, as
// on locked memory.
int open_chunk_locked(WatchedMemory* memory, size_t chunk) {
  uintptr_t start = memory->start + chunk * memory->chunk, end = std::min(memory->end, start + memory->chunk);
  auto each = [&](auto act) {
    for (auto next = first_watched_after_locked(start); next != watched_ranges_locked().end() && next->second.start < end; ++next) {
      WatchedRange& range = next->second;
      if (range.memory != memory) continue;
      int error = for_uncovered_locked(std::max(start, range.start), std::min(end, range.end),
                                       [&](uintptr_t from, uintptr_t to) { return act(range, from, to); });
      if (error != 0) return error;
    }
    return 0;
  };
  memory->marked = true;
  int error = each([](WatchedRange&, uintptr_t from, uintptr_t to) { return advise_pages(from, to, MADV_GUARD_INSTALL); });
  if (error != 0) return error;
  error = each([](WatchedRange& range, uintptr_t from, uintptr_t to) { return protect_pages(from, to, base_protection(range)); });
  if (error == 0) set_bits(memory->open, chunk, chunk + 1, true);
  return error;
}

// Shows [from, to), which lies in one chunk of one range and is not covered.
int show_run_locked(WatchedRange& range, uintptr_t from, uintptr_t to, bool writable) {
  WatchedMemory* memory = range.memory;
  if (memory->marks && !memory->is_open(from)) {
    int error = open_chunk_locked(memory, (from - memory->start) / memory->chunk);
    if (error == -EINVAL) memory->marks = false;
    else if (error != 0) return error;
  }
  bool first_writes = memory->notify && writable && (range.protection & PROT_WRITE) != 0;
  if (!memory->is_open(from) || memory->protects || first_writes) {
    int error = protect_pages(from, to, first_writes ? range.protection : base_protection(range));
    if (error != 0) return error;
  }
  if (memory->marked) {
    int error = advise_pages(from, to, MADV_GUARD_REMOVE);
    if (error != 0) return error;
  }
  set_bits(memory->shown, memory->page(from), memory->page(to), true);
  if (first_writes) set_bits(memory->writable, memory->page(from), memory->page(to), true);
  return 0;
}

int show_locked(uintptr_t start, uintptr_t end, bool writable) {
  return for_chunks_locked(start, end, [&](WatchedRange& range, uintptr_t from, uintptr_t to) {
    return for_uncovered_locked(from, to, [&](uintptr_t first, uintptr_t last) {
      WatchedMemory* memory = range.memory;
      // Pages that are shown already stay as they are, except that a waiting first write is allowed.
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
  WatchedMemory* memory = range.memory;
  note_hidden(memory, from, to);
  // Keep what the program has written to a private page.
  if (memory->shared && memory->is_open(from) && advise_pages(from, to, MADV_GUARD_INSTALL) == 0)
    return memory->notify ? protect_pages(from, to, base_protection(range)) : 0;
  if (memory->is_open(from)) memory->protects = true;
  else if (memory->marks) return 0;
  return protect_pages(from, to, PROT_NONE);
}

int hide_locked(uintptr_t start, uintptr_t end) {
  return for_chunks_locked(start, end, [&](WatchedRange& range, uintptr_t from, uintptr_t to) {
    return for_uncovered_locked(from, to, [&](uintptr_t first, uintptr_t last) { return hide_run_locked(range, first, last); });
  });
}

// Sets the current protection of a range on the pages that are shown.
int apply_protection_locked(uintptr_t start, uintptr_t end) {
  return for_chunks_locked(start, end, [&](WatchedRange& range, uintptr_t from, uintptr_t to) {
    return for_uncovered_locked(from, to, [&](uintptr_t first, uintptr_t last) {
      WatchedMemory* memory = range.memory;
      if (memory->is_open(first) && !memory->protects) {
        int error = protect_pages(first, last, base_protection(range));
        if (error != 0 || !memory->notify) return error;
      }
      const uint64_t* bits = memory->is_open(first) && !memory->protects ? memory->writable : memory->shown;
      size_t end_page = memory->page(last);
      for (size_t page = next_bit(bits, memory->page(first), end_page, true); page < end_page;) {
        bool written = memory->notify && has_bit(memory->writable, page);
        size_t next = next_bit(bits, page, end_page, false);
        if (memory->notify) next = std::min(next, next_bit(memory->writable, page, end_page, !written));
        int error = protect_pages(memory->address(page), memory->address(next), written ? range.protection : base_protection(range));
        if (error != 0) return error;
        page = next_bit(bits, next, end_page, true);
      }
      return 0;
    });
  });
}

// At the limit of areas, hiding all that the source shows makes room.
template <typename Act>
int with_room_locked(GuardSource* source, Act act) {
  int error = act();
  if (error != -ENOMEM) return error;
  hide_everything_locked(source);
  return act();
}

}  // namespace

int show_pages_locked(GuardSource* source, uintptr_t start, uintptr_t end, bool writable) {
  auto show = [writable](uintptr_t from, uintptr_t to) { return show_locked(from, to, writable); };
  return with_room_locked(source, [&] { return for_own_locked(source, start, end, show); });
}

int hide_pages_locked(GuardSource* source, uintptr_t start, uintptr_t end) {
  return with_room_locked(source, [&] { return for_own_locked(source, start, end, hide_locked); });
}

int hide_zapped_pages(uintptr_t start, uintptr_t end) {
  if (watched_ranges.load() == 0) return 0;
  TableLock lock;
  for (uintptr_t at = start; at < end;) {
    auto next = first_watched_after_locked(at);
    if (next == watched_ranges_locked().end() || next->second.start >= end) return 0;
    uintptr_t from = std::max(at, next->second.start), to = std::min(end, next->second.end);
    int error = hide_pages_locked(next->second.memory->source, from, to);
    if (error != 0) return error;
    at = to;
  }
  return 0;
}

int set_watched_protection_locked(uintptr_t start, uintptr_t end, int protection) {
  cut_watched_locked(start);
  cut_watched_locked(end);
  GuardSource* source = nullptr;
  for (auto range = first_watched_after_locked(start); range != watched_ranges_locked().end() && range->second.start < end; ++range) {
    range->second.protection = protection;
    source = range->second.memory->source;
  }
  int error = apply_protection_locked(start, end);
  if (error != -ENOMEM || source == nullptr) return error;
  hide_everything_locked(source);
  return 0;
}

int protect_memory_locked(uintptr_t start, size_t length, int protection) {
  uintptr_t end = start + length;
  if (watched_ranges.load() == 0) return protect_pages(start, end, protection);
  for (uintptr_t at = start; at < end;) {
    auto next = first_watched_after_locked(at);
    uintptr_t border = next == watched_ranges_locked().end() ? end : std::min(end, std::max(at, next->second.start));
    if (border > at) {
      int error = protect_pages(at, border, protection);
      if (error != 0) return error;
      at = border;
      continue;
    }
    uintptr_t to = std::min(end, next->second.end);
    int error = set_watched_protection_locked(at, to, protection);
    if (error != 0) return error;
    at = to;
  }
  return 0;
}

int conceal_page_locked(uintptr_t address, size_t length) {
  return is_watched_locked(address) ? protect_pages(address, address + length, PROT_NONE) : 0;
}

void hide_returned_page_locked(uintptr_t address, size_t length) {
  if (watched_ranges.load() == 0) return;
  for_chunks_locked(address, address + length, [](WatchedRange& range, uintptr_t from, uintptr_t to) {
    WatchedMemory* memory = range.memory;
    note_hidden(memory, from, to);
    // The chunk may have been opened, or hidden as a whole, while the page was moved away.
    bool open = memory->is_open(from);
    if (open && memory->shared && advise_pages(from, to, MADV_GUARD_INSTALL) == 0)
      return protect_pages(from, to, base_protection(range));
    if (open) memory->protects = true;
    return protect_pages(from, to, PROT_NONE);
  });
}

}  // namespace vmarea
