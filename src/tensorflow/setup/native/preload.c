/*
 * Loads TensorFlow's framework library with stderr closed off, and nothing else.
 *
 * With oneDNN on, the library prints two lines to stderr while it is being loaded, whatever TF_CPP_MIN_LOG_LEVEL
 * says. They would stand above everything this package prints. This addon is required just before the binding, which
 * then finds the library already there. Later messages, errors above all, are not touched, and a failure here is left
 * to the binding to report.
 *
 * FRAMEWORK is the library's path, given by the compiler call.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include "node_api.h"

NAPI_MODULE_INIT() {
  (void)env;
  int real = dup(STDERR_FILENO);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (real >= 0 && null >= 0) {
    dup2(null, STDERR_FILENO);
    dlopen(FRAMEWORK, RTLD_LAZY | RTLD_LOCAL);
    dup2(real, STDERR_FILENO);
  }
  if (null >= 0) close(null);
  if (real >= 0) close(real);
  return exports;
}
