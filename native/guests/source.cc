#include "guests/source.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "addon/waiting-pool.h"
#include "page/page-size.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace vmarea::guests {

MappedFile::~MappedFile() {
  if (length > 0) munmap(const_cast<uint8_t*>(bytes), length);
  if (descriptor >= 0) close(descriptor);
}

int gather(const Source& source, uint64_t offset, uint64_t length, uint8_t* target) {
  for (uint64_t end = offset + length; offset < end;) {
    const Segment& segment = source.at(offset);
    size_t part = std::min(segment.end, end) - offset;
    if (segment.kind == Segment::kScript) return -EINVAL;
    if (segment.kind == Segment::kZero) {
      memset(target, 0, part);
    } else {
      ssize_t count = pread(segment.file->descriptor, target, part, static_cast<off_t>(segment.at + (offset - segment.start)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return -errno;
      if (count == 0) return -EFAULT;
      part = static_cast<size_t>(count);
    }
    target += part;
    offset += part;
  }
  return 0;
}

namespace {

// The pages that [at, at + length) touches.
struct Span {
  void* start;
  size_t length;
};

Span pages_of(const MappedFile& file, uint64_t at, uint64_t length) {
  uint64_t mask = page_size() - 1, first = at & ~mask, last = (at + length + mask) & ~mask;
  return {const_cast<uint8_t*>(file.bytes) + first, last - first};
}

}  // namespace

bool is_cached(const MappedFile& file, uint64_t at, uint64_t length) {
  uint64_t part = at / MappedFile::kPart;
  bool in_one = part == (at + length - 1) / MappedFile::kPart && part < file.mapped.size();
  if (in_one && __atomic_load_n(&file.mapped[part], __ATOMIC_RELAXED) != 0) return true;
  Span span = pages_of(file, at, length);
  unsigned char there[512];
  size_t count = span.length / page_size();
  if (count > sizeof there || mincore(span.start, span.length, there) != 0) return false;
  return std::all_of(there, there + count, [](unsigned char one) { return (one & 1) != 0; });
}

namespace {

struct MappingJob : Job {
  std::shared_ptr<const MappedFile> file;
};

void map_parts(Job* job) {
  std::unique_ptr<MappingJob> own(static_cast<MappingJob*>(job));
  const MappedFile& file = *own->file;
  for (size_t part = 0; part < file.mapped.size() && own->file.use_count() > 1; part++) {
    uint64_t at = part * MappedFile::kPart;
    if (!is_cached(file, at, MappedFile::kPart)) continue;
    void* start = const_cast<uint8_t*>(file.bytes) + at;
    if (madvise(start, MappedFile::kPart, MADV_POPULATE_READ) == 0) __atomic_store_n(&file.mapped[part], 1, __ATOMIC_RELAXED);
  }
}

}  // namespace

void map_cached_parts(std::shared_ptr<const MappedFile> file) {
  MappingJob* job = new MappingJob;
  job->run = map_parts;
  job->file = std::move(file);
  if (run_in_waiting_pool(job) != 0) delete job;  // without it, each copy looks first
}

int bring_into_cache(const MappedFile& file, uint64_t at, uint64_t length) {
  Span span = pages_of(file, at, length);
  for (int attempt = 0; attempt < 16; attempt++) {
    if (madvise(span.start, span.length, MADV_POPULATE_READ) == 0) return 0;
    if (errno == EINVAL) break;  // before Linux 5.14
    if (errno != EAGAIN && errno != EINTR) return -errno;
  }
  uint8_t byte;
  for (size_t offset = 0; offset < length; offset += page_size()) {
    ssize_t count = pread(file.descriptor, &byte, 1, static_cast<off_t>(at + offset));
    if (count <= 0) return count < 0 ? -errno : -EFAULT;
  }
  return 0;
}

}  // namespace vmarea::guests
