// The floor: opens a file, reads all of its bytes through a map or into a buffer, and closes it. Arguments: the path, `map` or `read`, the
// rounds. Prints nanoseconds a round.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// A byte that no file here has, so that every byte is read.
enum { ABSENT = 255 };

static int through_map(int file, size_t size) {
  char* bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  int found = memchr(bytes, ABSENT, size) != NULL;
  munmap(bytes, size);
  return found;
}

static int into_buffer(int file, size_t size) {
  char* bytes = malloc(size);
  size_t done = 0;
  while (done < size) done += (size_t)read(file, bytes + done, size - done);
  close(file);
  int found = memchr(bytes, ABSENT, size) != NULL;
  free(bytes);
  return found;
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  int maps = strcmp(argv[2], "map") == 0;
  long rounds = atol(argv[3]);
  int found = 0;
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (long round = 0; round < rounds; round++) {
    int file = open(argv[1], O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return 1;
    found += maps ? through_map(file, (size_t)status.st_size) : into_buffer(file, (size_t)status.st_size);
  }
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("%f %d\n", ((after.tv_sec - before.tv_sec) * 1e9 + (after.tv_nsec - before.tv_nsec)) / rounds, found);
}
