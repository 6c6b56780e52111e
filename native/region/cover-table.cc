#include "region/cover-table.h"

#include <stdlib.h>
#include <sys/mman.h>

#include <functional>
#include <map>

#include "region/region-table.h"

namespace vmarea {
namespace {

// Nodes of one size, in chunks that are never freed.
class NodePool {
 public:
  static constexpr size_t kNode = 128, kPiece = 64 << 10, kLeft = 8;

  // Whether at least `kLeft` nodes are free, after allocating another chunk where they are not.
  bool prepare() {
    if (free_count_ >= kLeft) return true;
    void* piece = mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, kNothing, -1, 0);
    if (piece == MAP_FAILED) return free_count_ > 0;
    for (size_t offset = 0; offset + kNode <= kPiece; offset += kNode) give(static_cast<char*>(piece) + offset);
    return true;
  }

  void* take() {
    Free* node = first_;
    if (node == nullptr) abort();  // a cover was added without prepare_cover_table_locked
    first_ = node->next;
    free_count_--;
    return node;
  }

  void give(void* memory) {
    Free* node = static_cast<Free*>(memory);
    node->next = first_;
    first_ = node;
    free_count_++;
  }

 private:
  struct Free {
    Free* next;
  };
  Free* first_ = nullptr;
  size_t free_count_ = 0;
};

NodePool pool;

template <typename Type>
struct PoolAllocator {
  using value_type = Type;
  PoolAllocator() = default;
  template <typename Other>
  PoolAllocator(const PoolAllocator<Other>&) {}
  Type* allocate(size_t) {
    static_assert(sizeof(Type) <= NodePool::kNode, "a node of the pool is too small");
    return static_cast<Type*>(pool.take());
  }
  void deallocate(Type* node, size_t) { pool.give(node); }
  template <typename Other>
  bool operator==(const PoolAllocator<Other>&) const { return true; }
  template <typename Other>
  bool operator!=(const PoolAllocator<Other>&) const { return false; }
};

using Covers = std::map<uintptr_t, Cover, std::less<uintptr_t>, PoolAllocator<std::pair<const uintptr_t, Cover>>>;

// Never destroyed: a handler may run until the process ends.
alignas(Covers) char covers_memory[sizeof(Covers)];
Covers& covers = *new (covers_memory) Covers;

uint64_t covers_ever = 0;

}  // namespace

const Cover* find_cover_locked(uintptr_t address) { return first_cover_locked(address, address + 1); }

const Cover* first_cover_locked(uintptr_t start, uintptr_t end) {
  if (covers.empty()) return nullptr;
  auto next = covers.upper_bound(start);
  if (next != covers.begin() && std::prev(next)->second.end > start) --next;
  return next != covers.end() && next->second.start < end ? &next->second : nullptr;
}

const Cover* oldest_cover_locked() {
  const Cover* oldest = nullptr;
  for (const auto& [start, cover] : covers)
    if (oldest == nullptr || cover.age < oldest->age) oldest = &cover;
  return oldest;
}

size_t count_covers_locked() { return covers.size(); }

uint64_t count_covers_ever_locked() { return covers_ever; }

bool prepare_cover_table_locked() { return pool.prepare(); }

void add_cover_locked(Cover cover) {
  cover.age = ++covers_ever;
  covers.emplace(cover.start, cover);
}

void remove_cover_locked(uintptr_t start) { covers.erase(start); }

}  // namespace vmarea
