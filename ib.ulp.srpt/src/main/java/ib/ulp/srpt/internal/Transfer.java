// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.verbs.PostResult;
import ib.verbs.QueuePair;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a transfer between a mapped list and the initiator's buffers into RDMA requests, as many at
 * a time as there is room for. Reused; not thread-safe.
 */
final class Transfer {
  /**
   * Longest single request; the transport takes messages below 2 GiB, and the device stays
   * responsive with shorter ones.
   */
  static final long MAX_REQUEST_BYTES = 1 << 20;

  private final SendWr request = new SendWr();
  private final int maxSge;
  private long reached;

  Transfer(int maxSge) {
    this.maxSge = maxSge;
  }

  /** How many requests the bytes {@code from} to {@code end} of a transfer take. */
  int count(IbDma dma, ScatterList local, int mapped, RemoteBuffers remote, long from, long end) {
    return walk(
        dma, local, mapped, remote, from, end, Integer.MAX_VALUE, null, 0, WrOpcode.SEND, 0, false);
  }

  /**
   * Posts requests from a byte of the transfer on, at most {@code limit}; {@link #reached} tells up
   * to which byte. False if the queue pair did not take one.
   *
   * @param signal whether the last of them gives a completion
   */
  boolean post(
      QueuePair qp,
      IbDma dma,
      ScatterList local,
      int mapped,
      RemoteBuffers remote,
      long from,
      long end,
      int limit,
      int lkey,
      WrOpcode opcode,
      long wrId,
      boolean signal) {
    int posted = walk(dma, local, mapped, remote, from, end, limit, qp, lkey, opcode, wrId, signal);
    return posted == limit || reached == end;
  }

  /** The first byte that the last call did not cover. */
  long reached() {
    return reached;
  }

  private int walk(
      IbDma dma,
      ScatterList local,
      int mapped,
      RemoteBuffers remote,
      long from,
      long end,
      int limit,
      @Nullable QueuePair qp,
      int lkey,
      WrOpcode opcode,
      long wrId,
      boolean signal) {
    int r = 0;
    long inRemote = from;
    while (r < remote.count() && inRemote >= remote.length(r)) {
      inRemote -= remote.length(r++);
    }
    int entry = 0;
    long inEntry = from;
    while (entry < mapped && inEntry >= dma.dmaLen(local, entry)) {
      inEntry -= dma.dmaLen(local, entry++);
    }
    reached = from;
    int requests = 0;
    while (reached < end && requests < limit && r < remote.count() && entry < mapped) {
      long bytes = Math.min(remote.length(r) - inRemote, end - reached);
      bytes = Math.min(bytes, MAX_REQUEST_BYTES);
      request.reset(wrId, opcode).remote(remote.address(r) + inRemote, remote.key(r));
      long inRequest = 0;
      while (inRequest < bytes && request.sges().count() < maxSge && entry < mapped) {
        int take = (int) Math.min(bytes - inRequest, dma.dmaLen(local, entry) - inEntry);
        request.sges().add(dma.dmaAddress(local, entry) + inEntry, take, lkey);
        inRequest += take;
        inEntry += take;
        if (inEntry == dma.dmaLen(local, entry)) {
          entry++;
          inEntry = 0;
        }
      }
      boolean last = requests + 1 == limit || reached + inRequest == end;
      request.signaled(signal && last);
      if (qp != null && qp.postSend(request) != PostResult.OK) {
        return requests;
      }
      requests++;
      reached += inRequest;
      inRemote += inRequest;
      while (r < remote.count() && inRemote == remote.length(r)) {
        r++;
        inRemote = 0;
      }
    }
    return requests;
  }
}
