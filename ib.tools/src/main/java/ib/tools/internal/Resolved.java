// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.DatagramService;
import ib.verbs.ResolveHandler;
import ib.verbs.SidrStatus;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How a resolution of a run ends. */
final class Resolved implements ResolveHandler {
  /** Longer than the connection manager tries. */
  private static final long RESOLVE_S = 30;

  private final Run run;
  private volatile @Nullable DatagramService service;
  private volatile @Nullable String failure;

  Resolved(Run run) {
    this.run = run;
  }

  /**
   * Waits for the outcome.
   *
   * @throws ToolException if there is no such service, saying why
   */
  DatagramService await() throws ToolException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(RESOLVE_S);
    while (System.nanoTime() - endNs < 0) {
      DatagramService found = service;
      String why = failure;
      if (found != null) {
        return found;
      }
      if (why != null) {
        throw new ToolException(why);
      }
      run.await(TimeUnit.SECONDS.toNanos(1));
    }
    throw new ToolException("no answer of the connection manager within " + RESOLVE_S + " s");
  }

  @Override
  public void onResolved(DatagramService found, byte[] privateData) {
    service = found;
    run.raise();
  }

  @Override
  public void onRejected(int status, byte[] privateData) {
    failure = "rejected, status %d: %s".formatted(status, SidrStatus.explain(status));
    run.raise();
  }

  @Override
  public void onError(String message) {
    failure = message;
    run.raise();
  }
}
