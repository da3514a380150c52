// A second addon, loaded before TensorFlow's: sets Abseil's log level. TensorFlow prints its first lines while its
// library is being loaded, when TF_CPP_MIN_LOG_LEVEL has not been read yet.
#include <node_api.h>

#include <cstdlib>

#include "absl/log/globals.h"

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(level ? std::atoi(level) : 2));
  return exports;
}
