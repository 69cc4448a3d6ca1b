// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks after the peer while nothing happens: whoever has closed its line, or talks on it before we
 * are done, does nothing any more. What is under way gets some time all the same.
 */
final class PerfWatch {
  private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long GRACE_NS = TimeUnit.SECONDS.toNanos(2);

  private final PerfLine line;
  private long lookedNs;
  private long noticedNs;
  private SideChannel.Peer peer = SideChannel.Peer.SILENT;
  private @Nullable ToolException trouble;

  PerfWatch(PerfLine line) {
    this.line = line;
  }

  /** A wait begins. */
  void begin() {
    lookedNs = System.nanoTime();
    noticedNs = 0;
  }

  /** Whether nothing will come any more. */
  boolean isOver() {
    long nowNs = System.nanoTime();
    if (nowNs - lookedNs < LOOK_NS) {
      return trouble != null;
    }
    lookedNs = nowNs;
    try {
      peer = line.peer();
    } catch (ToolException e) {
      trouble = e;
      return true;
    }
    if (peer == SideChannel.Peer.SILENT) {
      noticedNs = 0;
      return false;
    }
    noticedNs = noticedNs == 0 ? nowNs : noticedNs;
    return nowNs - noticedNs > GRACE_NS;
  }

  /** Why it is over. */
  ToolException why() {
    ToolException error = trouble;
    if (error != null) {
      return error;
    }
    return new ToolException(
        peer == SideChannel.Peer.GONE
            ? "the peer is gone: it closed its side channel in mid-test"
            : "the peer is done, but not with as much as we are to do, or it was lost; give both"
                + " ends the same -n and -s");
  }
}
