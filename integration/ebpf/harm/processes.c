/* Processes that make it hard to say whose call it was; the first argument is what to do. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int dial(int port) {
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
    perror("connect");
    exit(1);
  }
  return fd;
}

/* One HTTP call, whose answer fits one read. */
static void call(int fd, const char *target) {
  char text[512];
  int length = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: harm\r\n\r\n", target);
  if (write(fd, text, length) != length || read(fd, text, sizeof(text)) <= 0) {
    perror(target);
    exit(1);
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* Forks `rate` times a second; `command` is what each child runs, none: it ends at once. Prints how many there were. */
static void storm(double seconds, int rate, char *command) {
  double begin = now();
  long forks = 0;
  for (; now() - begin < seconds; forks++) {
    pid_t pid = fork();
    if (pid == 0) {
      if (command) execl(command, command, (char *)0);
      _exit(0);
    }
    waitpid(pid, 0, 0);
    double ahead = (forks + 1.0) / rate - (now() - begin);
    if (ahead > 0) usleep(ahead * 1e6);
  }
  printf("%ld\n", forks);
}

int main(int argc, char **argv) {
  const char *what = argc > 3 ? argv[1] : "";
  if (!strcmp(what, "call")) call(dial(atoi(argv[2])), argv[3]);
  else if (!strcmp(what, "handover")) {
    /* calls once, then becomes the program argv[4], which calls again on the same connection */
    int fd = dial(atoi(argv[2]));
    char target[256], number[16];
    snprintf(target, sizeof(target), "%s/before", argv[3]);
    call(fd, target);
    snprintf(target, sizeof(target), "%s/after", argv[3]);
    snprintf(number, sizeof(number), "%d", fd);
    execl(argv[4], argv[4], "after", number, target, (char *)0);
    perror(argv[4]);
    return 1;
  } else if (!strcmp(what, "after")) {
    call(atoi(argv[2]), argv[3]);
  } else if (!strcmp(what, "steady")) {
    /* argv[4] calls on one connection, some hundred a second */
    int fd = dial(atoi(argv[2]));
    for (int i = 0; i < atoi(argv[4]); i++) {
      char target[256];
      snprintf(target, sizeof(target), "%s/%d", argv[3], i);
      call(fd, target);
      usleep(2000);
    }
  } else if (!strcmp(what, "children")) {
    /* children that are only forked: argv[4] of them, each with a call of its own and a short life */
    for (int i = 0; i < atoi(argv[4]); i++) {
      pid_t pid = fork();
      if (pid == 0) {
        char target[256];
        snprintf(target, sizeof(target), "%s/%d", argv[3], i);
        call(dial(atoi(argv[2])), target);
        _exit(0);
      }
      waitpid(pid, 0, 0);
    }
  } else if (!strcmp(what, "reuse")) {
    /* the processes argv[3], argv[4] … one after the other with the same pid; each is the program of that name and calls /NAME */
    int last = 0;
    for (int i = 3; i < argc; i++) {
      if (last) {
        FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");
        fprintf(file, "%d", last - 1);
        fclose(file);
      }
      pid_t pid = fork();
      if (pid == 0) {
        const char *name = strrchr(argv[i], '/');
        execl(argv[i], argv[i], "call", argv[2], name, (char *)0);
        _exit(1);
      }
      waitpid(pid, 0, 0);
      if (last && pid != last) {
        fprintf(stderr, "pid %d instead of %d\n", pid, last);
        return 1;
      }
      last = pid;
    }
  } else if (!strcmp(what, "storm")) storm(atof(argv[2]), atoi(argv[3]), argc > 4 ? argv[4] : 0);
  else return 2;
  return 0;
}
