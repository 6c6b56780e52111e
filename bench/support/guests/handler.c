// The floor: a handler in C that answers each fault of one guest at a time with one page from the map of a memory file.
// handler SOCKET MEMORY
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <signal.h>
#include <unistd.h>

struct message { uint8_t event, reserved[7]; uint64_t flags, address, rest; };
struct copy { uint64_t destination, source, length, mode; int64_t done; };
#define FAULT 0x12
#define COPY 0xc028aa03

static int receive(int connection, char *text, size_t size) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {text, size - 1};
  struct msghdr message = {0};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (length <= 0 || header == NULL) return -1;
  text[length] = 0;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}

static void serve(int connection, const uint8_t *file) {
  char text[4096];
  unsigned long base, size;
  int descriptor = receive(connection, text, sizeof text);
  if (descriptor < 0 || sscanf(text, "[{\"base_host_virt_addr\":%lu,\"size\":%lu", &base, &size) != 2) exit(2);
  struct pollfd waits[2] = {{descriptor, POLLIN, 0}, {connection, POLLIN, 0}};
  for (;;) {
    if (poll(waits, 2, -1) < 0) continue;
    if ((waits[1].revents & (POLLIN | POLLHUP)) != 0) break;
    struct message message;
    if (read(descriptor, &message, sizeof message) != sizeof message || message.event != FAULT) continue;
    uint64_t page = message.address & ~4095ull;
    struct copy copy = {page, (uintptr_t)file + (page - base), 4096, 0, 0};
    ioctl(descriptor, COPY, &copy);
  }
  close(descriptor);
  close(connection);
}

int main(int count, char **arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (count < 3) return 2;
  struct stat stat;
  int memory = open(arguments[2], O_RDONLY);
  if (memory < 0 || fstat(memory, &stat) != 0) return 3;
  const uint8_t *file = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, memory, 0);
  struct sockaddr_un name = {AF_UNIX, ""};
  strncpy(name.sun_path, arguments[1], sizeof name.sun_path - 1);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(arguments[1]));
  if (name.sun_path[0] == '@') name.sun_path[0] = 0;  // an abstract name
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&name, length) != 0 || listen(listener, 16) != 0) return 4;
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0) serve(connection, file);
  }
}
