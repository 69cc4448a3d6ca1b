// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.verbs.AccessFlags;
import ib.verbs.MemoryRegion;
import ib.verbs.ProtectionDomain;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A device the target serves through, with what all its channels share. Worker thread only, but for
 * {@link #gone}.
 */
final class TargetDevice {
  final RdmaDevice rdma;
  final ProtectionDomain pd;
  final MemoryRegion mr;
  final List<Channel> channels = new ArrayList<>();
  private @Nullable CompletableFuture<Boolean> gone;

  TargetDevice(RdmaDevice rdma) throws RdmaException {
    this.rdma = rdma;
    pd = rdma.allocPd();
    try {
      mr = pd.getDmaMr(AccessFlags.LOCAL_WRITE);
    } catch (RdmaException e) {
      pd.close();
      throw e;
    }
  }

  /**
   * Ends service on this device: channels finish what is in flight, then everything is closed and
   * {@code whenGone} completes.
   */
  void leave(CompletableFuture<Boolean> whenGone, long deadlineNs) {
    gone = whenGone;
    for (Channel channel : List.copyOf(channels)) {
      channel.drain(deadlineNs);
    }
    closeIfIdle();
  }

  void channelClosed(Channel channel) {
    channels.remove(channel);
    closeIfIdle();
  }

  private void closeIfIdle() {
    CompletableFuture<Boolean> waiting = gone;
    if (waiting != null && channels.isEmpty() && !waiting.isDone()) {
      try {
        mr.close();
        pd.close();
      } finally {
        waiting.complete(true);
      }
    }
  }
}
