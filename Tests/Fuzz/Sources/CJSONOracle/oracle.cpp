#include "CJSONOracle.h"

#include <simdjson.h>

bool oracle_accepts(const uint8_t *text, size_t count) {
  static simdjson::dom::parser parser;
  const auto error = parser.parse(text, count, true).error();
  return error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR;
}
