#include "guests/events.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "guests/answers.h"
#include "guests/dirty.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-context.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::guests {

using namespace uffd;

namespace {

constexpr uint8_t kEventRemove = 0x15;

// The pages are zeros from now on, and those that wait there are woken by their own answers.
void remove(Guest& guest, uint64_t start, uint64_t end) {
  for (const GuestRegion& region : guest.regions) {
    uint64_t from = std::max(start, region.start), to = std::min(end, region.start + region.length);
    if (from >= to) continue;
    if (guest.log >= 0) {
      char line[96];
      int length = snprintf(line, sizeof line, "{\"pid\":%d,\"removed\":[%llu,%llu]}\n", guest.process, static_cast<unsigned long long>(from),
                            static_cast<unsigned long long>(to));
      if (write(guest.log, line, static_cast<size_t>(length)) != length) {
        close(guest.log);  // a part of a line would be worse than none
        guest.log = -1;
      }
    }
    UffdRange range = {from, to - from};
    if (guest.unregister_removed) ioctl(guest.descriptor, kUnregister, &range);
  }
  mark_pages(guest, kRemovedPage, start, end);
  guest.statistics.removals.add(1);
}

void poison_again(const Guest& guest, uint64_t start, uint64_t end) {
  poison_ranges(guest.descriptor, {{start, end, 1}}, false);
}

void take_event(Guest& guest, const UffdMessage& message, uint64_t time) {
  if (message.event == kEventFork) {
    // The monitor forked. The child's memory is not served.
    int child = static_cast<int>(message.fork.descriptor);
    std::vector<Range> ranges;
    for (const GuestRegion& region : guest.regions) ranges.push_back({region.start, region.start + region.length, 1});
    poison_ranges(child, ranges, false);
    close(child);
  } else if (guest.mode == Guest::kPoisoned) {
    uint64_t page = message.event == kEventFault ? message.fault.address : 0;
    const GuestRegion* region = message.event == kEventFault ? region_at(guest, page) : nullptr;
    if (message.event == kEventRemove) guest.dropped.push_back({message.remove.start, message.remove.end});
    else if (region != nullptr) {
      page -= (page - region->start) % region->page;
      guest.dropped.push_back({page, page + region->page});
    }
  } else if (message.event == kEventFault) {
    guest.waiting.push_back({message.fault.address, message.fault.flags, time});
  } else if (message.event == kEventRemove) {
    remove(guest, message.remove.start, message.remove.end);
  }
}

}  // namespace

void mark_pages(Guest& guest, PageState state, uint64_t start, uint64_t end) {
  for (const GuestRegion& region : guest.regions) {
    uint64_t from = std::max(start, region.start), to = std::min(end, region.start + region.length);
    if (from >= to) continue;
    // Of a huge page that was removed in part, nothing is gone: the kernel drops whole ones.
    uint64_t first = index_of(region, from + region.page - 1), last = index_of(region, to);
    for (uint64_t index = first; index < last; index++) {
      if (state == kRemovedPage) mark_dirty(guest, index);
      if (guest.states->at(index) >= state) continue;
      (state == kRemovedPage ? guest.statistics.pages_removed : guest.statistics.pages_there).add(1);
      guest.states->raise(index, state);
    }
  }
}

void take_events(const GuestPointer& pointer) {
  Guest& guest = *pointer;
  if (guest.mode != Guest::kServing && guest.mode != Guest::kPoisoned) return;
  constexpr size_t kMost = 64;
  UffdMessage messages[kMost];
  // So many at most, because other guests wait as well. The next turn reads the rest.
  for (int turn = 0; turn < 16; turn++) {
    ssize_t length = read(guest.descriptor, messages, sizeof messages);
    if (length <= 0) return;
    uint64_t time = now();
    size_t count = static_cast<size_t>(length) / sizeof *messages;
    for (size_t index = 0; index < count; index++) take_event(guest, messages[index], time);
    if (count < kMost) return;
  }
  guest.parked = true;
}

void answer_waiting(const GuestPointer& pointer) {
  Guest& guest = *pointer;
  if (guest.mode == Guest::kPoisoned) {
    std::vector<std::pair<uint64_t, uint64_t>> dropped;
    dropped.swap(guest.dropped);
    for (auto [start, end] : dropped) poison_again(guest, start, end);
    return;
  }
  if (guest.mode != Guest::kServing) return;
  std::vector<WaitingFault> waiting;
  waiting.swap(guest.waiting);
  for (WaitingFault& fault : waiting) {
    if (answer_fault(pointer, fault)) continue;
    fault.again = true;
    guest.waiting.push_back(fault);
  }
  if (guest.waiting.empty()) {
    waiting.clear();
    guest.waiting.swap(waiting);  // keeps its room
  } else {
    guest.parked = true;
  }
}

}  // namespace vmarea::guests
