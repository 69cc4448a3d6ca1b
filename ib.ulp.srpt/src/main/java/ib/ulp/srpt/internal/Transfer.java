// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.verbs.PostResult;
import ib.verbs.QueuePair;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;

/**
 * Cuts a transfer between a mapped list and the initiator's buffers into RDMA requests. Reused;
 * worker thread only.
 */
final class Transfer {
  /**
   * Longest single request; the transport takes messages below 2 GiB, and the device stays
   * responsive with shorter ones.
   */
  private static final long MAX_REQUEST_BYTES = 1 << 20;

  private final SendWr request = new SendWr();
  private final int maxSge;

  Transfer(int maxSge) {
    this.maxSge = maxSge;
  }

  /** How many requests {@link #post} would post. */
  int count(IbDma dma, ScatterList local, int mapped, RemoteBuffers remote, long bytes) {
    return walk(dma, local, mapped, remote, bytes, 0, null, WrOpcode.RDMA_READ, 0, 0);
  }

  /**
   * Posts the requests; the last one of a READ is signalled. Returns false if the queue pair took
   * not all of them.
   */
  boolean post(
      QueuePair qp,
      IbDma dma,
      ScatterList local,
      int mapped,
      RemoteBuffers remote,
      long bytes,
      int lkey,
      WrOpcode opcode,
      long wrId) {
    int total = count(dma, local, mapped, remote, bytes);
    return walk(dma, local, mapped, remote, bytes, lkey, qp, opcode, wrId, total) == total;
  }

  private int walk(
      IbDma dma,
      ScatterList local,
      int mapped,
      RemoteBuffers remote,
      long bytes,
      int lkey,
      @org.jspecify.annotations.Nullable QueuePair qp,
      WrOpcode opcode,
      long wrId,
      int total) {
    int requests = 0;
    int entry = 0;
    long inEntry = 0;
    long left = bytes;
    for (int r = 0; r < remote.count() && left > 0; r++) {
      long inRemote = 0;
      long remoteBytes = Math.min(remote.length(r), left);
      left -= remoteBytes;
      while (inRemote < remoteBytes && entry < mapped) {
        request.reset(wrId, opcode).remote(remote.address(r) + inRemote, remote.key(r));
        long inRequest = 0;
        while (request.sges().count() < maxSge
            && inRemote < remoteBytes
            && inRequest < MAX_REQUEST_BYTES
            && entry < mapped) {
          long room = Math.min(dma.dmaLen(local, entry) - inEntry, MAX_REQUEST_BYTES - inRequest);
          int take = (int) Math.min(remoteBytes - inRemote, room);
          request.sges().add(dma.dmaAddress(local, entry) + inEntry, take, lkey);
          inRemote += take;
          inRequest += take;
          inEntry += take;
          if (inEntry == dma.dmaLen(local, entry)) {
            entry++;
            inEntry = 0;
          }
        }
        requests++;
        if (qp != null) {
          request.signaled(opcode == WrOpcode.RDMA_READ && requests == total);
          if (qp.postSend(request) != PostResult.OK) {
            return requests - 1;
          }
        }
      }
    }
    return requests;
  }
}
