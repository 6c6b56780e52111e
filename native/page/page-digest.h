// A digest of a page's content: it tells damage and changes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// 53 bits, the same within this process. 0 is the digest of zeros and of nothing else. `bytes` lies on a multiple of 8, `length` is one of 32.
uint64_t page_digest(const uint8_t* bytes, size_t length);

}  // namespace vmarea
