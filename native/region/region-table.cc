#include "region/region-table.h"

namespace vmarea {
namespace {

void give_slot(ThreadState* state, Region* region) {
  uint32_t slot;
  if (state->free_slots.empty()) {
    slot = static_cast<uint32_t>(state->slots.size());
    state->slots.push_back(nullptr);
    state->generations.push_back(0);
  } else {
    slot = state->free_slots.back();
    state->free_slots.pop_back();
  }
  state->slots[slot] = region;
  region->handle = static_cast<double>(++state->generations[slot]) * kSlots + slot;
}

}  // namespace

// Never destroyed: a handler may run until the process ends.
std::map<uintptr_t, Region*>& table_locked() {
  static std::map<uintptr_t, Region*>* table = new std::map<uintptr_t, Region*>;
  return *table;
}

Region* find_locked(uintptr_t address) {
  auto next = table_locked().upper_bound(address);
  if (next == table_locked().begin()) return nullptr;
  Region* region = std::prev(next)->second;
  return address < region->end ? region : nullptr;
}

bool overlaps_locked(uintptr_t start, uintptr_t end) {
  auto next = table_locked().lower_bound(start);
  if (next != table_locked().end() && next->first < end) return true;
  return next != table_locked().begin() && std::prev(next)->second->end > start;
}

void take_slot(Region* region) {
  if (region->handle == 0) return;
  if (region->lease == nullptr) {
    if (region->object != nullptr && region->owner->env != nullptr) napi_delete_reference(region->owner->env, region->object);
    region->object = nullptr;
  }
  uint32_t slot = static_cast<uint32_t>(static_cast<uint64_t>(region->handle) % static_cast<uint64_t>(kSlots));
  region->owner->slots[slot] = nullptr;
  // A slot whose next handle a double could not hold exactly is never used again.
  if (region->owner->generations[slot] < kMostGenerations) region->owner->free_slots.push_back(slot);
  region->handle = 0;
}

Region* new_region(ThreadState* state, uintptr_t start, uintptr_t end, size_t page) {
  Region* region = new Region;
  region->start = start;
  region->end = end;
  region->page = page;
  region->owner = state;
  give_slot(state, region);
  return region;
}

}  // namespace vmarea
