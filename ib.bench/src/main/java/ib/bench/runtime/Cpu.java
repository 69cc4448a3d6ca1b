// SPDX-License-Identifier: Apache-2.0
package ib.bench.runtime;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;

/** CPU time of threads. */
public final class Cpu {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Cpu() {}

  /** CPU time of the calling thread in nanoseconds. */
  public static long ofThisThread() {
    return THREADS.getCurrentThreadCpuTime();
  }

  /** CPU time of all threads of the host that move data: the agent, the target's, the disks'. */
  public static long ofHost() {
    long sum = 0;
    long[] ids = THREADS.getAllThreadIds();
    ThreadInfo[] threads = THREADS.getThreadInfo(ids);
    for (int i = 0; i < ids.length; i++) {
      if (threads[i] != null && movesData(threads[i].getThreadName())) {
        sum += Math.max(0, THREADS.getThreadCpuTime(ids[i]));
      }
    }
    return sum;
  }

  private static boolean movesData(String thread) {
    return thread.startsWith("ib-") || thread.startsWith("srp-");
  }
}
