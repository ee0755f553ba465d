// The reader's state: simdjson's index of tokens for one window of the text, and where we are in it.
#pragma once
#include "CSimdjson.h"

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <memory>

/// simdjson's first stage finds where tokens start, at several GB/s, and checks UTF-8 and quotes. At worst its index
/// takes four bytes per byte of text, so it runs over windows of the text, each cut where no token is.
struct json_reader {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
  const uint8_t *text = nullptr;
  size_t count = 0;
  /// The window: its offsets in the text.
  size_t base = 0, end = 0;
  /// Tokens of the window: offsets from `base`; the entry behind the last one is the window's length.
  const uint32_t *tokens = nullptr;
  uint32_t token = 0, token_count = 0;
  json_status failure = JSON_OK;

  /// Makes sure that there is a next token: false at the end of the text and after a failure.
  bool ready() noexcept { return token < token_count || next_window(); }
  const uint8_t *start() const noexcept { return text + base + tokens[token]; }
  /// The end of a scalar token, without the white space that follows it.
  const uint8_t *scalar_end() const noexcept;
  json_status fail(json_status status) noexcept {
    if (failure == JSON_OK) { failure = status; }
    return failure;
  }

 private:
  bool next_window() noexcept;
  json_status index_window(size_t length) noexcept;
};

inline bool is_space(uint8_t c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
