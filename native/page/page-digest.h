// A digest of a page's content, which detects damage and changes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// 53 bits, the same within this process. 0 is the digest of zeros alone. `bytes` is aligned to 8, and `length` is a multiple of 64. As many
// bytes at `next` are brought into the cache meanwhile: the processor itself looks ahead no further than to the end of a page.
uint64_t page_digest(const uint8_t* bytes, size_t length, const uint8_t* next);

}  // namespace vmarea
