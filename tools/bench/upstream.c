/* A provider that costs as little as possible: answers chat completions on 127.0.0.1 from one thread, with epoll and nothing else.
 *
 *   upstream PORT
 *
 * What it answers depends on the model that the request names, so that one process serves every phase:
 *   bench-json          one JSON answer of about 1.2 KB, at once
 *   bench-json-D        the same after D milliseconds
 *   bench-sse-N-D       a stream of N content chunks, one every D milliseconds (0: all at once), a usage chunk and [DONE]
 * Each content chunk carries the time of its sending (" ts" and twenty digits: nanoseconds of the monotonic clock), from which the
 * load generator computes how long a chunk was on its way. A GET answers a list of models, for gateways that ask for one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 16384, EVENTS_MAX = 512, REQUEST_BYTES_MAX = 8 << 20, CHUNKS_MAX = 100000 };

typedef struct Connection {
  int fd;
  char *in; /* bytes of the request read so far */
  size_t in_length, in_size;
  size_t head_length; /* 0 until the whole head is here */
  size_t body_length;
  int chunked_body;
  char *out; /* bytes of the answer not yet taken by the kernel */
  size_t out_length, out_size, out_sent;
  int busy; /* an answer is under way: the next request waits */
  int streaming;
  int chunks_left;
  uint64_t period_ns;
  uint64_t due_ns;
  int place; /* in the heap of timers, -1 when not there */
} Connection;

static Connection *connections[CONNECTIONS_MAX];
static Connection *timers[CONNECTIONS_MAX]; /* a binary heap, the earliest first */
static int timer_count;
static int epoll_fd;
static char json_answer[4096];
static size_t json_answer_length;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void *sized(void *old, size_t size) {
  void *block = realloc(old, size);
  if (!block) abort();
  return block;
}

/* ---- timers ---- */
static void swap_timers(int a, int b) {
  Connection *held = timers[a];
  timers[a] = timers[b];
  timers[b] = held;
  timers[a]->place = a;
  timers[b]->place = b;
}

static void rise(int at) {
  for (int parent; at > 0 && timers[parent = (at - 1) / 2]->due_ns > timers[at]->due_ns; at = parent) swap_timers(at, parent);
}

static void sink(int at) {
  for (;;) {
    int least = at;
    for (int child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < timer_count && timers[child]->due_ns < timers[least]->due_ns) least = child;
    if (least == at) return;
    swap_timers(at, least);
    at = least;
  }
}

static void add_timer(Connection *c, uint64_t due_ns) {
  c->due_ns = due_ns;
  c->place = timer_count;
  timers[timer_count++] = c;
  rise(c->place);
}

static void remove_timer(Connection *c) {
  int at = c->place;
  if (at < 0) return;
  timer_count--;
  if (at != timer_count) {
    swap_timers(at, timer_count);
    rise(at);
    sink(at);
  }
  c->place = -1;
}

/* ---- answers ---- */
static void put(Connection *c, const char *bytes, size_t length) {
  if (c->out_length + length > c->out_size) c->out = sized(c->out, c->out_size = (c->out_length + length) * 2);
  memcpy(c->out + c->out_length, bytes, length);
  c->out_length += length;
}

static void watch(Connection *c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = c->fd};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

/* 1: all is sent. 0: the kernel is full, EPOLLOUT will say when to go on. -1: the other side is gone. */
static int flush(Connection *c) {
  while (c->out_sent < c->out_length) {
    ssize_t sent = write(c->fd, c->out + c->out_sent, c->out_length - c->out_sent);
    if (sent < 0 && errno == EAGAIN) return watch(c, EPOLLIN | EPOLLOUT), 0;
    if (sent < 0) return -1;
    c->out_sent += (size_t)sent;
  }
  c->out_sent = c->out_length = 0;
  return 1;
}

static void put_event(Connection *c, const char *event, int length) {
  char size[16];
  put(c, size, (size_t)snprintf(size, sizeof size, "%x\r\n", (unsigned)length));
  put(c, event, (size_t)length);
  put(c, "\r\n", 2);
}

/* Appends the next piece of a stream. 1: it was the last. */
static int put_next_chunk(Connection *c) {
  static const char start[] = "data: {\"id\":\"chatcmpl-bench0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,"
                              "\"model\":\"bench-model-2026-01-01\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",";
  char event[1024];
  if (c->chunks_left-- > 0) {
    int length = snprintf(event, sizeof event,
                          "%s\"choices\":[{\"index\":0,\"delta\":{\"content\":\" ts%020llu\"},\"logprobs\":null,\"finish_reason\":null}],"
                          "\"usage\":null}\n\n",
                          start, (unsigned long long)now_ns());
    put_event(c, event, length);
    return 0;
  }
  put_event(c, event,
            snprintf(event, sizeof event, "%s\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
                     start));
  put_event(c, event,
            snprintf(event, sizeof event,
                     "%s\"choices\":[],\"usage\":{\"prompt_tokens\":123,\"completion_tokens\":45,\"total_tokens\":168}}\n\n"
                     "data: [DONE]\n\n",
                     start));
  put(c, "0\r\n\r\n", 5);
  return 1;
}

static void answer(Connection *c, const char *body, size_t length) {
  static const char stream_head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
                                    "x-request-id: req_0123456789abcdef\r\nTransfer-Encoding: chunked\r\n\r\n";
  static const char models[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 63\r\n\r\n"
                               "{\"object\":\"list\",\"data\":[{\"id\":\"bench-json\",\"object\":\"model\"}]}";
  int count = 0, period_ms = 0;
  char name[32] = "";
  const char *model = memmem(body, length, "\"bench-", 7);
  if (!strncmp(c->in, "GET ", 4)) {
    put(c, models, sizeof models - 1);
    return;
  }
  /* The body lies in the middle of a buffer and ends nowhere: look at a copy of the name alone. */
  if (model) memcpy(name, model, (size_t)(body + length - model) < sizeof name - 1 ? (size_t)(body + length - model) : sizeof name - 1);
  c->streaming = sscanf(name, "\"bench-sse-%d-%d\"", &count, &period_ms) == 2;
  if (!c->streaming && sscanf(name, "\"bench-json-%d\"", &period_ms) != 1) period_ms = 0;
  c->period_ns = (uint64_t)period_ms * 1000000ull;
  c->chunks_left = count < CHUNKS_MAX ? count : CHUNKS_MAX;
  if (c->streaming) put(c, stream_head, sizeof stream_head - 1);
  if (period_ms > 0) {
    c->busy = 1;
    /* Streams of many clients do not beat in time: each begins at its own moment of the period. A delayed answer is exact. */
    add_timer(c, now_ns() + (c->streaming ? c->period_ns * (uint64_t)(c->fd % 97 + 1) / 97 : c->period_ns));
  } else if (c->streaming) {
    while (!put_next_chunk(c)) continue;
  } else {
    put(c, json_answer, json_answer_length);
  }
}

/* The timer of a connection rang: the delayed answer, or the next chunk. 0: the connection is lost. */
static int ring(Connection *c) {
  int last = 1;
  remove_timer(c);
  if (c->streaming) last = put_next_chunk(c);
  else put(c, json_answer, json_answer_length);
  if (last) c->busy = 0;
  else add_timer(c, c->due_ns + c->period_ns);
  return flush(c) >= 0;
}

/* ---- requests ---- */
static void read_head(Connection *c) {
  const char *end = memmem(c->in, c->in_length, "\r\n\r\n", 4);
  if (!end) return;
  c->head_length = (size_t)(end - c->in) + 4;
  c->body_length = 0;
  c->chunked_body = 0;
  for (const char *line = c->in; line < end;) {
    const char *next = memchr(line, '\n', (size_t)(end + 2 - line));
    if (!next) break;
    line = next + 1;
    if (!strncasecmp(line, "content-length:", 15)) c->body_length = strtoul(line + 15, NULL, 10);
    if (!strncasecmp(line, "transfer-encoding: chunked", 26)) c->chunked_body = 1;
  }
}

/* Answers the requests that are whole. No client here sends a second one before the first answer, so a chunked body, which in JSON
 * cannot hold CR LF, is whole when the buffer ends with the last chunk. */
static int serve(Connection *c) {
  while (!c->busy && c->in_length > 0) {
    if (!c->head_length) read_head(c);
    if (!c->head_length) return 1;
    if (c->chunked_body) {
      if (c->in_length < c->head_length + 5 || memcmp(c->in + c->in_length - 5, "0\r\n\r\n", 5)) return 1;
      c->body_length = c->in_length - c->head_length;
    }
    size_t whole = c->head_length + c->body_length;
    if (c->in_length < whole) return 1;
    answer(c, c->in + c->head_length, c->body_length);
    memmove(c->in, c->in + whole, c->in_length - whole);
    c->in_length -= whole;
    c->head_length = 0;
    if (flush(c) < 0) return 0;
  }
  return 1;
}

/* 0: the connection ended. */
static int receive(Connection *c) {
  for (;;) {
    if (c->in_size - c->in_length < 8192) {
      if (c->in_size >= REQUEST_BYTES_MAX) return 0;
      c->in = sized(c->in, c->in_size *= 2);
    }
    size_t room = c->in_size - c->in_length;
    ssize_t got = read(c->fd, c->in + c->in_length, room);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return 0;
    if (got < 0) return 1;
    c->in_length += (size_t)got;
    if ((size_t)got < room) return 1;
  }
}

static void accept_all(int listener) {
  int on = 1;
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    if (fd >= CONNECTIONS_MAX) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection *c = memset(sized(NULL, sizeof *c), 0, sizeof *c);
    c->fd = fd;
    c->place = -1;
    c->in = sized(NULL, c->in_size = 16384);
    connections[fd] = c;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

static void drop(Connection *c) {
  remove_timer(c);
  close(c->fd);
  connections[c->fd] = NULL;
  free(c->in);
  free(c->out);
  free(c);
}

static void handle(Connection *c, uint32_t events) {
  if (events & EPOLLOUT) {
    int flushed = flush(c);
    if (flushed < 0) return drop(c);
    if (flushed == 1) watch(c, EPOLLIN);
  }
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    if (!receive(c) || !serve(c)) drop(c);
}

static void build_answer(void) {
  char text[640] = "", body[2048];
  while (strlen(text) < 560) strcat(text, "The quick brown fox jumps over the lazy dog. ");
  strcat(text, "END-OF-ANSWER");
  int length = snprintf(
      body, sizeof body,
      "{\"id\":\"chatcmpl-bench0123456789\",\"object\":\"chat.completion\",\"created\":1790000000,\"model\":\"bench-model-2026-01-01\","
      "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\",\"refusal\":null,\"annotations\":[]},"
      "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":123,\"completion_tokens\":45,\"total_tokens\":168,"
      "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,"
      "\"audio_tokens\":0}},\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\"}",
      text);
  json_answer_length = (size_t)snprintf(json_answer, sizeof json_answer,
                                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_0123456789abcdef\r\n"
                                        "Content-Length: %d\r\n\r\n%s",
                                        length, body);
}

int main(int argc, char **argv) {
  int on = 1;
  if (argc != 2) return fprintf(stderr, "usage: upstream PORT\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  build_answer();
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("upstream"), 1;
  epoll_fd = epoll_create1(0);
  /* epoll's own timeout counts milliseconds; paced chunks want better. */
  int alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event listening = {.events = EPOLLIN, .data.fd = listener}, alarmed = {.events = EPOLLIN, .data.fd = alarm_fd};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &listening);
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, alarm_fd, &alarmed);
  for (struct epoll_event events[EVENTS_MAX];;) {
    struct itimerspec at = {0};
    if (timer_count > 0) {
      at.it_value.tv_sec = (time_t)(timers[0]->due_ns / 1000000000ull);
      at.it_value.tv_nsec = (long)(timers[0]->due_ns % 1000000000ull);
    }
    timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &at, NULL);
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      uint64_t rings;
      if (fd == listener) accept_all(listener);
      else if (fd == alarm_fd) (void)!read(alarm_fd, &rings, sizeof rings);
      else if (connections[fd]) handle(connections[fd], events[i].events);
    }
    for (uint64_t now = now_ns(); timer_count > 0 && timers[0]->due_ns <= now;) {
      Connection *c = timers[0];
      if (!ring(c) || !serve(c)) drop(c);
    }
  }
}
