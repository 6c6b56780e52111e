// A decompressor of LZ4 blocks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// Decompresses a block of LZ4, without a frame. Returns the length, or -EINVAL where the bytes are no such block, or one that is longer than
// there is room for. Whatever the bytes are, it reads and writes nothing beside them.
int64_t decompress_lz4(const uint8_t* bytes, size_t length, uint8_t* into, size_t room);

}  // namespace vmarea
