// The floors of looking at a process, in C.
//   ask query PID FIRST STRIDE PLACES COUNT   nanoseconds a PROCMAP_QUERY, with the name, at places in turn
//   ask lines PID FIRST STRIDE PLACES COUNT   nanoseconds to find the same by reading and parsing the lines of maps
//   ask read FILE                             milliseconds to read the file whole
//   ask parse FILE                            milliseconds to read smaps whole, and every number and flag in it
//   ask scan PID FROM TO                      milliseconds to scan the pages of a range, and the regions found
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct query {
  uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
  uint32_t major, minor, name_size, build_id_size;
  uint64_t name, build_id;
};
struct scan {
  uint64_t size, flags, start, end, walk_end, vector, length, most, inverted, mask, any, result;
};

static char buffer[1 << 16];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static int open_of(const char *pid, const char *name) {
  snprintf(buffer, sizeof buffer, "/proc/%s/%s", pid, name);
  return open(buffer, O_RDONLY);
}

static void find_line(const char *pid, uint64_t address) {
  snprintf(buffer, sizeof buffer, "/proc/%s/maps", pid);
  FILE *maps = fopen(buffer, "r");
  uint64_t start, end, offset, inode;
  unsigned major, minor;
  char permissions[5];
  while (fgets(buffer, sizeof buffer, maps) != NULL) {
    if (sscanf(buffer, "%lx-%lx %4s %lx %x:%x %lu", &start, &end, permissions, &offset, &major, &minor, &inode) != 7) exit(1);
    if (start <= address && address < end) break;
  }
  fclose(maps);
}

// One area of smaps. Each overwrites the one before: nothing is kept.
static volatile struct {
  uint64_t start, end, offset, inode, usage[32], flags;
  unsigned major, minor, fields;
  char permissions[4];
} area;

static void parse_line(const char *line) {
  char *at;
  if (*line >= 'A' && *line <= 'Z') {
    at = strchr(line, ':') + 1;
    if (strncmp(line, "VmFlags:", 8) != 0) {
      area.usage[area.fields++ % 32] = strtoull(at, NULL, 10);
      return;
    }
    for (at++; *at != '\n'; at += 3) area.flags |= 1ull << ((at[0] * 31 + at[1]) % 64);
    return;
  }
  area.fields = area.flags = 0;
  area.start = strtoull(line, &at, 16);
  area.end = strtoull(at + 1, &at, 16);
  for (int index = 0; index < 4; index++) area.permissions[index] = at[1 + index];
  area.offset = strtoull(at + 6, &at, 16);
  area.major = strtoul(at + 1, &at, 16);
  area.minor = strtoul(at + 1, &at, 16);
  area.inode = strtoull(at + 1, &at, 10);
}

static void parse(int file) {
  size_t kept = 0;
  for (ssize_t length; (length = read(file, buffer + kept, sizeof buffer - kept)) > 0;) {
    const char *end = buffer + kept + length, *line = buffer, *newline;
    for (; (newline = memchr(line, '\n', end - line)) != NULL; line = newline + 1) parse_line(line);
    kept = end - line;
    memmove(buffer, line, kept);
  }
}

int main(int count, char **words) {
  if (count < 3) return 2;
  if (strcmp(words[1], "read") == 0) {
    int file = open(words[2], O_RDONLY);
    double began = now();
    while (read(file, buffer, sizeof buffer) > 0) continue;
    printf("%f\n", (now() - began) / 1e6);
  } else if (strcmp(words[1], "parse") == 0) {
    int file = open(words[2], O_RDONLY);
    double began = now();
    parse(file);
    printf("%f\n", (now() - began) / 1e6);
  } else if (strcmp(words[1], "scan") == 0) {
    int file = open_of(words[2], "pagemap");
    uint64_t from = strtoull(words[3], NULL, 10), to = strtoull(words[4], NULL, 10), found = 0;
    static uint64_t regions[3 * 2048];
    double began = now();
    while (from < to) {
      struct scan scan = {sizeof scan, 0, from, to, 0, (uint64_t)regions, 2048, 0, 0, 0, 0, 0x1fe};
      int given = ioctl(file, 0xc0606610, &scan);
      if (given < 0) return 1;
      found += given;
      uint64_t last = given > 0 ? regions[3 * given - 2] : 0;
      from = scan.walk_end > last ? scan.walk_end : last;
    }
    printf("%f %lu\n", (now() - began) / 1e6, found);
  } else {
    uint64_t first = strtoull(words[3], NULL, 10), stride = strtoull(words[4], NULL, 10), places = strtoull(words[5], NULL, 10);
    long times = atol(words[6]);
    int maps = open_of(words[2], "maps");
    static char name[4096];
    double began = now();
    for (long index = 0; index < times; index++) {
      uint64_t address = first + (uint64_t)index * 7919 % places * stride;
      if (strcmp(words[1], "lines") == 0) {
        find_line(words[2], address);
        continue;
      }
      struct query query = {sizeof query, 0, address};
      query.name_size = sizeof name;
      query.name = (uint64_t)name;
      if (ioctl(maps, 0xc0686611, &query) != 0) return 1;
    }
    printf("%f\n", (now() - began) / times);
  }
  return 0;
}
