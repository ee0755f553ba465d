// libmicrohttpd for Swift: typed functions in place of its C variadics, which Swift cannot see.
#ifndef CMICROHTTPD_SHIM_H
#define CMICROHTTPD_SHIM_H

#include <fcntl.h>
#include <gnutls/abstract.h>
#include <malloc.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>    // not in Swift's Glibc module
#include <sys/eventfd.h>  // likewise

/// POLLRDHUP of poll(2), which the headers hide unless _GNU_SOURCE is defined.
static const short socket_peer_closed = 0x2000;

/// O_TMPFILE of open(2), which the headers hide unless _GNU_SOURCE is defined.
static const int open_without_name = __O_TMPFILE;

/// mkostemp(3), which the headers hide unless _GNU_SOURCE is defined.
int mkostemp(char *name, int flags);

/// MHD_CONTENT_READER_END_OF_STREAM and MHD_CONTENT_READER_END_WITH_ERROR
static const ssize_t mhd_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t mhd_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;

/// What a daemon is started with. It must outlive the daemon: the log callback reads it.
struct mhd_daemon_options {
  unsigned int flags;
  unsigned int connection_limit;
  unsigned int idle_timeout;  // seconds
  size_t connection_memory;   // bytes

  void *context;  // first argument of every callback
  void (*log)(void *context, const char *line);
  void (*refused)(void *context, unsigned int status);  // it has answered by itself
  MHD_NotifyConnectionCallback connection_changed;
  void *(*target_received)(void *context, const char *target, struct MHD_Connection *connection);
  MHD_AccessHandlerCallback handle;
  MHD_RequestCompletedCallback completed;
  gnutls_certificate_retrieve_function2 *show_identity;  // where MHD_USE_TLS is among the flags
};

static inline void mhd_format_log(void *options, const char *format, va_list arguments) {
  const struct mhd_daemon_options *o = (const struct mhd_daemon_options *)options;
  char line[512];
  // Nothing else tells of what libmicrohttpd does not take for a request.
  if (0 == strncmp(format, "Error processing request (HTTP response code is %u", 50)) {
    va_list copy;
    va_copy(copy, arguments);
    o->refused(o->context, va_arg(copy, unsigned int));
    va_end(copy);
  }
  vsnprintf(line, sizeof line, format, arguments);
  o->log(o->context, line);
}

/// Leaves percent escapes alone: routes match the raw path.
static inline size_t mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return __builtin_strlen(text);
}

/// MHD_start_daemon
static inline struct MHD_Daemon *mhd_start_daemon(const struct mhd_daemon_options *o) {
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)o->show_identity},
      // What is older than TLS 1.2 is broken.
      {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
      {MHD_OPTION_END, 0, (void *)0}};
  struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, (void *)0}};
  return MHD_start_daemon(
      o->flags, 0, (void *)0, (void *)0, o->handle, o->context,
      MHD_OPTION_EXTERNAL_LOGGER, &mhd_format_log, (void *)o,  // first, so that it sees every message
      MHD_OPTION_ARRAY, o->flags & MHD_USE_TLS ? tls : none,
      MHD_OPTION_CONNECTION_LIMIT, o->connection_limit,
      MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->connection_memory,
      MHD_OPTION_NOTIFY_CONNECTION, o->connection_changed, o->context,
      MHD_OPTION_URI_LOG_CALLBACK, o->target_received, o->context,
      MHD_OPTION_UNESCAPE_CALLBACK, &mhd_keep_escapes, (void *)0,
      MHD_OPTION_NOTIFY_COMPLETED, o->completed, o->context, MHD_OPTION_END);
}

/// Adds an eventfd that wakes the daemon's thread at each write: libmicrohttpd passes over events without a pointer.
static inline int mhd_add_waker(struct MHD_Daemon *daemon, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = (void *)0}};
  return epoll_ctl(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLL_CTL_ADD, descriptor, &event);
}

/// accept4(2), which the headers hide unless _GNU_SOURCE is defined.
int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);

/// MHD_get_connection_info, MHD_CONNECTION_INFO_CONNECTION_FD
static inline int mhd_connection_socket(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/// MHD_get_connection_info, MHD_CONNECTION_INFO_CLIENT_ADDRESS
static inline const struct sockaddr *mhd_connection_peer(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

/// MHD_get_connection_info, MHD_CONNECTION_INFO_SOCKET_CONTEXT
static inline void *mhd_connection_context(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/// MHD_get_connection_info, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE; 0 before the head is complete
static inline size_t mhd_connection_head_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info == (void *)0 ? 0 : info->header_size;
}

/// MHD_get_connection_info, MHD_CONNECTION_INFO_GNUTLS_SESSION; gnutls_record_send
static inline ssize_t mhd_send_tls(struct MHD_Connection *connection, const void *bytes, size_t count) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  return info == (void *)0 ? -1 : gnutls_record_send((gnutls_session_t)info->tls_session, bytes, count);
}

/// MHD_set_response_options: a body of unknown length is not sent in chunks, and ends with the connection.
static inline enum MHD_Result mhd_forbid_chunks(struct MHD_Response *response) {
  return MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}

// Has malloc keep what requests of a few megabytes free, for the next one: taking pages from the kernel and giving them
// back costs more than reading such a request. It keeps that in as many arenas as threads run at a time, not in 8 times as
// many, each of which would grow to what the largest request took. For the whole process; the first call counts.
static inline void keep_freed_memory(int threads) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, (8 << 20) + (64 << 10));  // so that an array of 8 MiB, with its header, is below it
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  mallopt(M_ARENA_MAX, threads);
#endif
}

#endif
