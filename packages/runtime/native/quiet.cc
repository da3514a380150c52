// A second addon that turns the process's stderr off and on again. TensorFlow prints lines while its library is being
// loaded, before it has read TF_CPP_MIN_LOG_LEVEL; nothing else can silence them.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdio>

static int saved_stderr = -1;

static napi_value Mute(napi_env env, napi_callback_info info) {
  const int null_device = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (saved_stderr >= 0 || null_device < 0) return nullptr;
  fflush(stderr);
  saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved_stderr >= 0) dup2(null_device, STDERR_FILENO);
  close(null_device);
  return nullptr;
}

static napi_value Unmute(napi_env env, napi_callback_info info) {
  if (saved_stderr < 0) return nullptr;
  fflush(stderr);
  dup2(saved_stderr, STDERR_FILENO);
  close(saved_stderr);
  saved_stderr = -1;
  return nullptr;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"mute", nullptr, Mute, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"unmute", nullptr, Unmute, nullptr, nullptr, nullptr, napi_default, nullptr}};
  napi_define_properties(env, exports, 2, functions);
  return exports;
}
