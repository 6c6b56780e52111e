// What is computed from the bytes of pages: digests, of memory by its address and of bytes of JavaScript, and pages from compressed ones.
#include <errno.h>

#include "addon/callback.h"
#include "addon/function-tables.h"
#include "page/guarded-copy.h"
#include "page/lz4-block.h"
#include "page/page-digest.h"
#include "page/page-size.h"

namespace vmarea {
namespace {

int digest_bytes(View<uint8_t> bytes, View<double> digests) {
  size_t page = page_size();
  if (digests.length > bytes.length / page) return -EFAULT;
  for (size_t index = 0; index < digests.length; index++) {
    const uint8_t* from = bytes.data + index * page;
    digests.data[index] = static_cast<double>(page_digest(from, page, from + page));
  }
  return 0;
}

// Copies one page for each digest from the address on, and computes the digests while the pages are in the processor's cache.
int copy_and_digest(uint64_t address, View<uint8_t> bytes, View<double> digests) {
  size_t page = page_size();
  if (digests.length > bytes.length / page) return -EFAULT;
  for (size_t index = 0; index < digests.length; index++) {
    Fault fault;
    const uint8_t* from = reinterpret_cast<const uint8_t*>(address) + index * page;
    uint8_t* target = bytes.data + index * page;
    if (guarded_copy(target, from, page, &fault) < page) return -EFAULT;
    digests.data[index] = static_cast<double>(page_digest(target, page, from + page));
  }
  return 0;
}

// Returns the number of bytes, or -EINVAL.
int64_t decompress(View<uint8_t> bytes, View<uint8_t> into) {
  return decompress_lz4(bytes.data, bytes.length, into.data, into.length);
}

constexpr Function kFunctions[] = {
    {"digestPages", callback<digest_bytes>},
    {"copyAndDigestPages", callback<copy_and_digest>},
    {"decompressLz4", callback<decompress>},
};

}  // namespace

const FunctionTable kPageContents(kFunctions);

}  // namespace vmarea
