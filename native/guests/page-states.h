#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmarea::guests {

// What a page of a guest is. A state only rises: a page that was removed is zeros for ever, whatever the source has, and one that was
// answered may have been removed since by an event that is not read yet.
enum PageState : uint8_t { kMissingPage, kThere, kRemovedPage };

// Two bits a page. The server thread writes; other threads may read at any time, and see a state of a moment ago.
class PageStates {
 public:
  explicit PageStates(size_t count) : count_(count), bytes_((count + 3) / 4) {}
  size_t count() const { return count_; }
  PageState at(size_t index) const { return static_cast<PageState>(load(index / 4) >> shift(index) & 3); }
  void raise(size_t index, PageState state) {
    if (at(index) >= state) return;
    uint8_t byte = load(index / 4);
    byte = static_cast<uint8_t>((byte & ~(3 << shift(index))) | state << shift(index));
    __atomic_store_n(&bytes_[index / 4], byte, __ATOMIC_RELAXED);
  }

 private:
  static unsigned shift(size_t index) { return index % 4 * 2; }
  uint8_t load(size_t place) const { return __atomic_load_n(&bytes_[place], __ATOMIC_RELAXED); }
  size_t count_;
  std::vector<uint8_t> bytes_;
};

}  // namespace vmarea::guests
