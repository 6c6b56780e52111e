// Where the bytes of guests come from: pieces of files, zeros, and what JavaScript reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace vmarea::guests {

// A file that is mapped for reading as long as a source has it. What a piece of it has is copied by the kernel, so that a file which
// was truncated is an error (EFAULT), and no SIGBUS.
struct MappedFile {
  static constexpr size_t kPart = 2u << 20;
  const uint8_t* bytes;
  size_t length;
  int descriptor;
  // A byte for each 2 MiB: its pages are in this process's page table, so that a copy neither waits nor faults.
  mutable std::vector<uint8_t> mapped;
  MappedFile(const uint8_t* bytes, size_t length, int descriptor)
      : bytes(bytes), length(length), descriptor(descriptor), mapped(length / kPart) {}
  MappedFile(const MappedFile&) = delete;
  ~MappedFile();
};

struct Script;

// A piece [start, end) of a source.
struct Segment {
  enum Kind : int { kFile, kZero, kScript } kind;
  uint64_t start, end;
  uint64_t at;  // where its bytes begin in the file, or in what the script reads
  std::shared_ptr<const MappedFile> file;
  Script* script;
};

struct Source {
  std::vector<Segment> segments;  // one after another, from 0 on

  // The segment that has this offset. There is one: sources are compared with regions when serving begins.
  const Segment& at(uint64_t offset) const {
    size_t low = 0, high = segments.size();
    while (high - low > 1) {
      size_t middle = (low + high) / 2;
      (segments[middle].start <= offset ? low : high) = middle;
    }
    return segments[low];
  }
  uint64_t size() const { return segments.empty() ? 0 : segments.back().end; }
};

// Reads [offset, offset + length) of pieces that are files and zeros. Returns 0 or a negative error number. May wait for the disk.
int gather(const Source& source, uint64_t offset, uint64_t length, uint8_t* target);

// Whether a part of a file is in the page cache, so that copying it waits for no disk.
bool is_cached(const MappedFile& file, uint64_t at, uint64_t length);
// Maps the whole parts of a file that are in the page cache, on a thread of its own. Reads nothing from the disk.
void map_cached_parts(std::shared_ptr<const MappedFile> file);
// Brings it there. Returns 0 or a negative error number: -EFAULT where the file has ended.
int bring_into_cache(const MappedFile& file, uint64_t at, uint64_t length);

}  // namespace vmarea::guests
