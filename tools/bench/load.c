/* Sends one request over and over through many kept connections to 127.0.0.1, and checks and times the answers.
 *
 *   load --port N --request FILE --connections N --warm MS --measure MS [--rate N] [--bytes N] [--chunks N]
 *
 * FILE holds the whole HTTP request, head and body. Without --rate each connection sends its next request when it has its answer
 * (saturation). With --rate requests are due at fixed times, whatever the answers do, and latency counts from the due time, so that a
 * stall is paid by every request that it delayed and not by one alone. With --chunks the answer must be an event stream with so many
 * content chunks and a [DONE]; otherwise it must be the JSON answer of upstream.c, with --bytes of exactly that length.
 *
 * Prints "measuring" on a line when the warm-up is over, and at the end one line of JSON; times in microseconds. An answer that is not
 * 200, is not whole or has wrong content is an error, and the first one is described on stderr.
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

enum { CONNECTIONS_MAX = 10000, EVENTS_MAX = 512, HEAD_BYTES_MAX = 16384, BODY_BYTES_KEPT = 8192, ERRORS_MAX = 1000, DIGITS = 20 };
enum { ALARM = UINT32_MAX };
static const uint64_t second_ns = 1000000000ull;

typedef struct { /* finds a text in bytes that come in pieces; its first character must not occur in it again */
  const char *text;
  int matched;
} Finder;

typedef enum { SIZE, DATA, DATA_END, TRAILER } ChunkState;

typedef struct {
  int fd;
  int busy;
  int wants_write;
  size_t sent; /* of the request */
  uint64_t due_ns;
  char head[HEAD_BYTES_MAX];
  size_t head_length;
  int head_done, status, chunked, closes;
  ChunkState chunk_state;
  size_t chunk_left, body_expected, body_length;
  char body[BODY_BYTES_KEPT];
  /* of an event stream */
  Finder stamp, end;
  int digits; /* of the stamp being read, -1 outside of one */
  uint64_t stamp_ns;
  int chunks, ended;
} Connection;

typedef struct {
  uint32_t *values;
  size_t count, size;
} Samples;

static struct {
  int port, connections, chunks;
  long bytes;
  double rate;
  uint64_t warm_ns, measure_ns;
  char *request;
  size_t request_length;
} asked = {.connections = 64, .chunks = -1, .bytes = -1, .warm_ns = 0, .measure_ns = 1000000000ull};

static Connection *connections;
static int idle[CONNECTIONS_MAX], idle_count;
static int epoll_fd;
static uint64_t start_ns, measure_from_ns, end_ns;
static uint64_t due_count; /* requests whose time has come, with --rate */
static uint64_t started, done, errors, chunks_seen;
static Samples latencies, chunk_delays;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * second_ns + (uint64_t)t.tv_nsec;
}

static int in_window(uint64_t at) { return at >= measure_from_ns && at < end_ns; }
static uint64_t due_time(uint64_t index) { return start_ns + (uint64_t)((double)index * (double)second_ns / asked.rate); }

static void add_sample(Samples *s, uint64_t ns) {
  if (s->count == s->size) {
    s->size = s->size ? s->size * 2 : 1 << 16;
    s->values = realloc(s->values, s->size * sizeof *s->values);
    if (!s->values) abort();
  }
  s->values[s->count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* ---- sending ---- */
static void watch(Connection *c, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(c - connections)};
  epoll_ctl(epoll_fd, operation, c->fd, &event);
}

static void open_connection(Connection *c) {
  int on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)asked.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (c->fd > 0) close(c->fd);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  c->wants_write = 0;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void)!connect(c->fd, (void *)&address, sizeof address); /* a refusal shows at the first write */
  watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void send_request(Connection *c) {
  while (c->sent < asked.request_length) {
    ssize_t sent = write(c->fd, asked.request + c->sent, asked.request_length - c->sent);
    if (sent < 0) {
      /* Any real fault shows as a hang-up when reading. */
      if (!c->wants_write) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      c->wants_write = 1;
      return;
    }
    c->sent += (size_t)sent;
  }
  if (c->wants_write) watch(c, EPOLL_CTL_MOD, EPOLLIN);
  c->wants_write = 0;
}

static void start_request(Connection *c, uint64_t due_ns) {
  started++;
  c->busy = 1;
  c->sent = c->head_length = c->chunk_left = c->body_expected = c->body_length = 0;
  c->head_done = c->status = c->chunked = c->closes = c->chunks = c->ended = 0;
  c->chunk_state = SIZE;
  c->digits = -1;
  c->stamp = (Finder){.text = "\" ts"};
  c->end = (Finder){.text = "[DONE]"};
  c->due_ns = due_ns;
  send_request(c);
}

/* ---- checking ---- */
static void describe(const Connection *c, const char *fault) {
  if (errors > 0) return;
  fprintf(stderr, "load: %s: status %d, %zu body bytes, %d chunks: %.300s\n", fault, c->status, c->body_length, c->chunks,
          c->body_length ? c->body : "");
}

static const char *fault_of(const Connection *c) {
  if (c->status != 200) return "not 200";
  if (asked.chunks >= 0) return c->chunks != asked.chunks ? "wrong number of chunks" : c->ended ? NULL : "no [DONE]";
  if (asked.bytes >= 0 && c->body_length != (size_t)asked.bytes) return "wrong length";
  size_t kept = c->body_length < BODY_BYTES_KEPT ? c->body_length : BODY_BYTES_KEPT - 1;
  return memmem(c->body, kept, "END-OF-ANSWER", 13) ? NULL : "wrong content";
}

static void finish(Connection *c, const char *fault) {
  uint64_t now = now_ns();
  if (!fault) fault = fault_of(c);
  if (fault) {
    describe(c, fault);
    errors++; /* in the warm-up too: a run with errors is void */
  } else if (in_window(now)) {
    done++;
    add_sample(&latencies, now - c->due_ns);
  }
  c->busy = 0;
  if (fault || c->closes) open_connection(c);
  if (now >= end_ns || errors >= ERRORS_MAX) return;
  if (asked.rate == 0) start_request(c, now);
  else if (started < due_count) start_request(c, due_time(started));
  else idle[idle_count++] = (int)(c - connections);
}

static int found(Finder *f, char ch) {
  f->matched = f->text[f->matched] == ch ? f->matched + 1 : f->text[0] == ch;
  if (f->text[f->matched]) return 0;
  f->matched = 0;
  return 1;
}

static void read_stream(Connection *c, const char *bytes, size_t length, uint64_t now) {
  for (size_t i = 0; i < length; i++) {
    char ch = bytes[i];
    if (c->digits >= 0) {
      c->stamp_ns = c->stamp_ns * 10 + (uint64_t)(ch - '0');
      if (++c->digits < DIGITS) continue;
      c->digits = -1;
      c->chunks++;
      if (in_window(now)) {
        chunks_seen++;
        add_sample(&chunk_delays, now - c->stamp_ns);
      }
    } else if (found(&c->stamp, ch)) {
      c->digits = 0;
      c->stamp_ns = 0;
    } else if (found(&c->end, ch)) {
      c->ended = 1;
    }
  }
}

static void read_body(Connection *c, const char *bytes, size_t length, uint64_t now) {
  if (c->body_length < BODY_BYTES_KEPT - 1) {
    size_t room = BODY_BYTES_KEPT - 1 - c->body_length, kept = length < room ? length : room;
    memcpy(c->body + c->body_length, bytes, kept);
    c->body[c->body_length + kept] = 0;
  }
  c->body_length += length;
  if (asked.chunks >= 0) read_stream(c, bytes, length, now);
}

/* 1: the last chunk is in. */
static int read_chunked(Connection *c, const char *bytes, size_t length, uint64_t now) {
  for (size_t i = 0; i < length;) {
    char ch = bytes[i];
    if (c->chunk_state == DATA) {
      size_t take = length - i < c->chunk_left ? length - i : c->chunk_left;
      read_body(c, bytes + i, take, now);
      i += take;
      c->chunk_left -= take;
      if (c->chunk_left == 0) c->chunk_state = DATA_END;
      continue;
    }
    i++;
    if (c->chunk_state == SIZE && ch != '\n' && ch != '\r')
      c->chunk_left = c->chunk_left * 16 + (size_t)(ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
    if (ch != '\n') continue;
    if (c->chunk_state == TRAILER) return 1;
    c->chunk_state = c->chunk_state == DATA_END ? SIZE : c->chunk_left ? DATA : TRAILER;
  }
  return 0;
}

/* Takes the bytes of the head from what came; returns how many of them they were. */
static size_t read_head(Connection *c, const char *bytes, size_t length) {
  size_t before = c->head_length, room = HEAD_BYTES_MAX - 1 - before, kept = length < room ? length : room;
  memcpy(c->head + before, bytes, kept);
  c->head_length += kept;
  char *end = memmem(c->head, c->head_length, "\r\n\r\n", 4);
  if (!end) return length;
  end[2] = 0;
  c->head_done = 1;
  c->status = atoi(c->head + 9);
  for (char *line = c->head; (line = strchr(line, '\n'));) {
    line++;
    if (!strncasecmp(line, "content-length:", 15)) c->body_expected = strtoul(line + 15, NULL, 10);
    if (!strncasecmp(line, "transfer-encoding: chunked", 26)) c->chunked = 1;
    if (!strncasecmp(line, "connection: close", 17)) c->closes = 1;
  }
  return (size_t)(end + 4 - c->head) - before;
}

static void receive(Connection *c) {
  static char bytes[1 << 18];
  ssize_t got = read(c->fd, bytes, sizeof bytes);
  uint64_t now = now_ns();
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0 || !c->busy) {
    if (c->busy) finish(c, "connection lost");
    else open_connection(c); /* the server let go of a connection that nobody used */
    return;
  }
  size_t at = c->head_done ? 0 : read_head(c, bytes, (size_t)got), left = (size_t)got - at;
  if (!c->head_done) return;
  int whole = 0;
  if (c->chunked) whole = read_chunked(c, bytes + at, left, now);
  else {
    read_body(c, bytes + at, left, now);
    whole = c->body_length >= c->body_expected;
  }
  if (whole) finish(c, NULL);
}

/* ---- the run ---- */
static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double quantile_us(const Samples *s, double q) { return s->count ? s->values[(size_t)(q * (double)(s->count - 1))] / 1000.0 : 0; }

static void report(void) {
  int busy = 0;
  for (int i = 0; i < asked.connections; i++) busy += connections[i].busy;
  qsort(latencies.values, latencies.count, sizeof(uint32_t), by_value);
  qsort(chunk_delays.values, chunk_delays.count, sizeof(uint32_t), by_value);
  double seconds = (double)asked.measure_ns / (double)second_ns;
  printf("{\"done\":%llu,\"errors\":%llu,\"perSecond\":%.2f,\"busy\":%d,\"late\":%llu,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,"
         "\"chunksPerSecond\":%.2f,\"chunkP50Us\":%.1f,\"chunkP99Us\":%.1f}\n",
         (unsigned long long)done, (unsigned long long)errors, (double)done / seconds, busy,
         (unsigned long long)(asked.rate > 0 ? due_count - started : 0), quantile_us(&latencies, 0.5), quantile_us(&latencies, 0.99),
         quantile_us(&latencies, 0.999), (double)chunks_seen / seconds, quantile_us(&chunk_delays, 0.5), quantile_us(&chunk_delays, 0.99));
}

/* Sends what is due and sets the alarm for what comes next. */
static void keep_rate(int alarm_fd, uint64_t now) {
  while (due_time(due_count) <= now) due_count++;
  while (started < due_count && idle_count > 0) start_request(&connections[idle[--idle_count]], due_time(started));
  uint64_t next = due_time(due_count);
  struct itimerspec at = {.it_value = {.tv_sec = (time_t)(next / second_ns), .tv_nsec = (long)(next % second_ns)}};
  timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void run(void) {
  int alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), measuring = 0;
  struct epoll_event alarmed = {.events = EPOLLIN, .data.u32 = ALARM}, events[EVENTS_MAX];
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, alarm_fd, &alarmed);
  start_ns = now_ns();
  measure_from_ns = start_ns + asked.warm_ns;
  end_ns = measure_from_ns + asked.measure_ns;
  for (int i = 0; i < asked.connections; i++) {
    if (asked.rate > 0) idle[idle_count++] = i;
    else start_request(&connections[i], start_ns);
  }
  for (uint64_t now; (now = now_ns()) < end_ns && errors < ERRORS_MAX;) {
    if (!measuring && now >= measure_from_ns) {
      measuring = 1;
      puts("measuring");
      fflush(stdout);
    }
    if (asked.rate > 0) keep_rate(alarm_fd, now);
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, 20);
    for (int i = 0; i < count; i++) {
      uint64_t rings;
      if (events[i].data.u32 == ALARM) {
        (void)!read(alarm_fd, &rings, sizeof rings);
        continue;
      }
      Connection *c = &connections[events[i].data.u32];
      if ((events[i].events & EPOLLOUT) && c->busy) send_request(c);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
    }
  }
}

static int read_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) return 0;
  long length = ftell(file);
  rewind(file);
  asked.request = malloc((size_t)length + 1);
  asked.request_length = asked.request ? fread(asked.request, 1, (size_t)length, file) : 0;
  fclose(file);
  return length > 0 && asked.request_length == (size_t)length;
}

static int read_arguments(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (!strcmp(name, "--port")) asked.port = atoi(value);
    else if (!strcmp(name, "--request")) { if (!read_request(value)) return 0; }
    else if (!strcmp(name, "--connections")) asked.connections = atoi(value);
    else if (!strcmp(name, "--warm")) asked.warm_ns = strtoull(value, NULL, 10) * 1000000ull;
    else if (!strcmp(name, "--measure")) asked.measure_ns = strtoull(value, NULL, 10) * 1000000ull;
    else if (!strcmp(name, "--rate")) asked.rate = atof(value);
    else if (!strcmp(name, "--bytes")) asked.bytes = atol(value);
    else if (!strcmp(name, "--chunks")) asked.chunks = atoi(value);
    else return 0;
  }
  return asked.port > 0 && asked.request && asked.connections > 0 && asked.connections <= CONNECTIONS_MAX;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (!read_arguments(argc, argv)) return fprintf(stderr, "load: bad arguments, see the head of load.c\n"), 2;
  epoll_fd = epoll_create1(0);
  connections = calloc((size_t)asked.connections, sizeof *connections);
  if (!connections) return 1;
  for (int i = 0; i < asked.connections; i++) open_connection(&connections[i]);
  usleep(100000); /* let the connections stand before the clock runs */
  run();
  report();
  return 0;
}
