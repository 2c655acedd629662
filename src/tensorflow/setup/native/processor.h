// Which vectors this processor has, within what ONEDNN_MAX_CPU_ISA allows: the variable by which oneDNN, too, can be held to
// an older kind of processor.
#pragma once

#include <cstdlib>
#include <cstring>

namespace care {

enum class Vectors { none, avx2, avx512 };

inline Vectors bestVectorsHere() {
#if defined(__x86_64__)
  const char* most = std::getenv("ONEDNN_MAX_CPU_ISA");
  const bool upToAvx2 = most != nullptr && std::strncmp(most, "AVX2", 4) == 0;
  if (most != nullptr && (std::strcmp(most, "SSE41") == 0 || std::strcmp(most, "AVX") == 0)) return Vectors::none;
  if (!upToAvx2 && __builtin_cpu_supports("avx512f")) return Vectors::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Vectors::avx2;
#endif
  return Vectors::none;
}

}  // namespace care
