// SPDX-License-Identifier: Apache-2.0
package ib.bench.runtime;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;

/** What threads use: CPU time, and bytes that they allocate. */
public final class Cpu {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * What threads have used since they began.
   *
   * @param cpuNs CPU time in nanoseconds
   * @param allocatedBytes bytes of the heap
   */
  public record Use(long cpuNs, long allocatedBytes) {}

  private Cpu() {}

  /** CPU time of the calling thread in nanoseconds. */
  public static long ofThisThread() {
    return THREADS.getCurrentThreadCpuTime();
  }

  /**
   * What all threads of the host that move data have used so far: the agent, the target's, the
   * disks'.
   */
  public static Use ofHost() {
    long cpuNs = 0;
    long allocatedBytes = 0;
    long[] ids = THREADS.getAllThreadIds();
    ThreadInfo[] threads = THREADS.getThreadInfo(ids);
    for (int i = 0; i < ids.length; i++) {
      if (threads[i] != null && movesData(threads[i].getThreadName())) {
        cpuNs += Math.max(0, THREADS.getThreadCpuTime(ids[i]));
        allocatedBytes += Math.max(0, THREADS.getThreadAllocatedBytes(ids[i]));
      }
    }
    return new Use(cpuNs, allocatedBytes);
  }

  private static boolean movesData(String thread) {
    return thread.startsWith("ib-") || thread.startsWith("srp-");
  }
}
