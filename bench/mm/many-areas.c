// Holds a process of about `argv[1]` areas: half of them inaccessible, a quarter anonymous, a quarter of a file. Prints a number when
// it is ready and stays until its input ends.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **arguments) {
  size_t pairs = strtoul(arguments[count - 1], NULL, 10) / 2;
  size_t page = 4096;
  char *memory = mmap(NULL, pairs * 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int file = open("/proc/self/exe", O_RDONLY);
  if (memory == MAP_FAILED || file < 0) return 1;
  for (size_t index = 0; index < pairs; index++) {
    char *place = memory + index * 4 * page;
    if (index % 2 == 1) {
      if (mmap(place, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) return 1;
    } else {
      if (mprotect(place, page, PROT_READ | PROT_WRITE) != 0) return 1;
      if (index % 4 == 0) *place = 1;
    }
  }
  printf("%zu\n", (size_t)memory);
  fflush(stdout);
  getchar();
  return 0;
}
