// What this package's ops share: work divided among threads, and memory aligned for vectors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace care {

// Shares tasks among threads, the caller's among them, and throws what one of them threw. Starting a thread costs
// microseconds beside milliseconds of work.
template <typename Work>
void inParallel(int threads, long tasks, const Work& work) {
  const long count = std::max(1l, std::min<long>(threads, tasks));
  std::vector<std::exception_ptr> errors(count);
  const auto part = [&](long t) {
    try {
      work(tasks * t / count, tasks * (t + 1) / count);
    } catch (...) {
      errors[t] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (long t = 1; t < count; t++) others.emplace_back(part, t);
  part(0);
  for (std::thread& other : others) other.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

struct Free {
  void operator()(float* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<float, Free>;

inline Buffer allocate(long floats) {
  constexpr std::size_t kAlignment = 64;
  const std::size_t bytes = (floats * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
  float* memory = static_cast<float*>(std::aligned_alloc(kAlignment, bytes));
  if (memory == nullptr) throw std::bad_alloc();
  return Buffer(memory);
}

}  // namespace care
