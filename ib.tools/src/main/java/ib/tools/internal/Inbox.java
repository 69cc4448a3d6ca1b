// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.ConnectRequest;
import ib.verbs.DatagramRequest;
import ib.verbs.RdmaException;
import ib.verbs.RejectReason;
import ib.verbs.SidrStatus;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Requests that arrived at a listener of a run and wait for its thread; bounded.
 *
 * @param <R> their type
 */
final class Inbox<R> {
  private static final int CAPACITY = 64;

  private final Run run;
  private final ArrayBlockingQueue<R> waiting = new ArrayBlockingQueue<>(CAPACITY);

  private Inbox(Run run) {
    this.run = run;
  }

  /** Listens for connections, for as long as the run lasts. */
  static Inbox<ConnectRequest> ofConnections(Run run, long serviceId) throws RdmaException {
    Inbox<ConnectRequest> inbox = new Inbox<>(run);
    run.add(
        run.local()
            .manager()
            .listen(
                serviceId,
                request -> {
                  if (!inbox.offer(request)) {
                    request.reject(RejectReason.NO_RESOURCES, new byte[0]);
                  }
                }));
    return inbox;
  }

  /** Offers a datagram service, for as long as the run lasts. */
  static Inbox<DatagramRequest> ofDatagrams(Run run, long serviceId) throws RdmaException {
    Inbox<DatagramRequest> inbox = new Inbox<>(run);
    run.add(
        run.local()
            .manager()
            .listenDatagram(
                serviceId,
                request -> {
                  if (!inbox.offer(request)) {
                    request.reject(SidrStatus.NO_QP, new byte[0]);
                  }
                }));
    return inbox;
  }

  /** Takes a request in; false if too many wait. */
  private boolean offer(R request) {
    boolean taken = waiting.offer(request);
    run.raise();
    return taken;
  }

  /**
   * Waits for the next.
   *
   * @param timeoutS bound in seconds
   * @throws ToolException if none comes
   */
  R next(int timeoutS) throws ToolException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutS);
    R request = waiting.poll();
    while (request == null) {
      long leftNs = endNs - System.nanoTime();
      if (leftNs < 0) {
        throw new ToolException(
            "nobody connected within %d s; wait longer with --timeout SECONDS".formatted(timeoutS));
      }
      run.await(Math.min(leftNs, TimeUnit.SECONDS.toNanos(1)));
      request = waiting.poll();
    }
    return request;
  }
}
