// The peer of the HTTP benchmark: libmicrohttpd from C, with as little of its own as possible.
//
// Takes any POST body into a buffer and answers a constant small JSON text; a GET gets the same text. What the
// project's server reaches of this one's requests per second is the price of its checks and of Swift.
//
//   cc -O2 main.c -lmicrohttpd -o bare-server
//   bare-server [port] [threads] [bytes of memory for each connection]
#include <arpa/inet.h>
#include <malloc.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char answer[] = "{\"loss\":0.9045}";

// One request: its body so far. Lives in con_cls from the first call of the handler to NOTIFY_COMPLETED.
struct exchange {
  char *body;
  size_t count, capacity;
};

static struct exchange *begin(struct MHD_Connection *connection) {
  struct exchange *exchange = calloc(1, sizeof *exchange);
  if (exchange == NULL) return NULL;
  const char *length =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  exchange->capacity = length == NULL ? 0 : strtoull(length, NULL, 10);
  if (exchange->capacity > (64u << 20)) exchange->capacity = 0;
  if (exchange->capacity > 0) exchange->body = malloc(exchange->capacity);
  return exchange;
}

static enum MHD_Result append(struct exchange *exchange, const char *data, size_t count) {
  size_t needed = exchange->count + count;
  if (needed > exchange->capacity) {
    char *moved = realloc(exchange->body, 2 * needed);
    if (moved == NULL) return MHD_NO;
    exchange->body = moved;
    exchange->capacity = 2 * needed;
  }
  memcpy(exchange->body + exchange->count, data, count);
  exchange->count = needed;
  return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **slot) {
  (void)context, (void)url, (void)method, (void)version;
  if (*slot == NULL) return (*slot = begin(connection)) == NULL ? MHD_NO : MHD_YES;
  if (*size > 0) {
    enum MHD_Result result = append(*slot, data, *size);
    *size = 0;
    return result;
  }
  struct MHD_Response *response =
      MHD_create_response_from_buffer(sizeof answer - 1, (void *)answer, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
  enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

static void completed(void *context, struct MHD_Connection *connection, void **slot,
                      enum MHD_RequestTerminationCode code) {
  (void)context, (void)connection, (void)code;
  struct exchange *exchange = *slot;
  if (exchange == NULL) return;
  free(exchange->body);
  free(exchange);
}

int main(int count, char **arguments) {
  unsigned port = count > 1 ? (unsigned)atoi(arguments[1]) : 8081;
  unsigned threads = count > 2 ? (unsigned)atoi(arguments[2]) : 2;
  size_t memory = count > 3 ? strtoull(arguments[3], NULL, 10) : 128u << 10;
  signal(SIGPIPE, SIG_IGN);
  // Keeps freed bodies: otherwise each request faults its pages in anew.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  struct sockaddr_in loopback = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, (uint16_t)port,
      NULL, NULL, &handle, NULL,
      MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&loopback,
      MHD_OPTION_THREAD_POOL_SIZE, threads,
      MHD_OPTION_CONNECTION_LIMIT, 4096u,
      MHD_OPTION_CONNECTION_TIMEOUT, 60u,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
      MHD_OPTION_NOTIFY_COMPLETED, &completed, NULL, MHD_OPTION_END);
  if (daemon == NULL) {
    perror("MHD_start_daemon");
    return 1;
  }
  pause();
  MHD_stop_daemon(daemon);
  return 0;
}
