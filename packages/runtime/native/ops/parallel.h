// Threads for the native ops. TensorFlow's C API does not lend its own, so there are as many here as TensorFlow uses
// for one op: TF_NUM_INTRAOP_THREADS, otherwise one for each processor that this process may run on.
#ifndef DN_DETR_PARALLEL_H_
#define DN_DETR_PARALLEL_H_

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace dn {

// Threads that share the tasks of jobs. The pool is never destroyed: its threads wait until the process ends.
class Pool {
 public:
  static Pool& Get() {
    static Pool* pool = new Pool(ThreadCount());
    return *pool;
  }

  // Number of threads, including the caller.
  int threads() const { return threads_; }

  // Runs `run(0)` to `run(count - 1)`, each once, in any order and on any thread, and returns when all are done.
  // Rethrows an exception from a task.
  void Run(int64_t count, const std::function<void(int64_t)>& run) {
    if (threads_ == 1 || count <= 1) {
      for (int64_t task = 0; task < count; task++) run(task);
      return;
    }
    const auto job = std::make_shared<Job>(run, count);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(job);
    }
    work_.notify_all();
    Help(*job);
    std::unique_lock<std::mutex> lock(mutex_);
    Forget(job);
    job->done.wait(lock, [&] { return job->left == 0; });
    if (job->error) std::rethrow_exception(job->error);
  }

 private:
  struct Job {
    Job(const std::function<void(int64_t)>& run, int64_t count) : run(run), count(count), left(count) {}
    const std::function<void(int64_t)>& run;
    const int64_t count;
    std::atomic<int64_t> next{0};
    std::condition_variable done;
    // Guarded by the pool's mutex.
    int64_t left;
    std::exception_ptr error;
  };

  explicit Pool(int threads) : threads_(threads) {
    try {
      for (int i = 1; i < threads; i++) std::thread([this] { Work(); }).detach();
    } catch (const std::system_error&) {
      // The system has no more threads. The existing ones do the work, or only the caller.
    }
  }

  static int ThreadCount() {
    const char* variable = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int asked = variable == nullptr ? 0 : std::atoi(variable);
    if (asked > 0) return asked;
    cpu_set_t processors;
    const bool known = sched_getaffinity(0, sizeof processors, &processors) == 0;
    const int count = known ? CPU_COUNT(&processors) : static_cast<int>(std::thread::hardware_concurrency());
    return count > 0 ? count : 1;
  }

  void Work() {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        work_.wait(lock, [this] { return !jobs_.empty(); });
        job = jobs_.front();
      }
      Help(*job);
      std::lock_guard<std::mutex> lock(mutex_);
      Forget(job);
    }
  }

  // Takes tasks of a job until none are left.
  void Help(Job& job) {
    int64_t taken = 0;
    std::exception_ptr error;
    for (int64_t task; (task = job.next.fetch_add(1)) < job.count; taken++) {
      try {
        job.run(task);
      } catch (...) {
        error = std::current_exception();
      }
    }
    if (taken == 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    if (error) job.error = error;
    job.left -= taken;
    if (job.left == 0) job.done.notify_all();
  }

  // Removes a job without remaining tasks from the queue. Call it under the lock.
  void Forget(const std::shared_ptr<Job>& job) {
    for (auto entry = jobs_.begin(); entry != jobs_.end(); ++entry) {
      if (*entry != job) continue;
      jobs_.erase(entry);
      return;
    }
  }

  const int threads_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::shared_ptr<Job>> jobs_;
};

}  // namespace dn

#endif  // DN_DETR_PARALLEL_H_
