// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.Wqe;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.WcOpcode;
import java.lang.foreign.MemorySegment;

/** The receive queue. */
final class RecvQueue extends WorkQueue {
  RecvQueue(String label, int limit, int maxSge, MthcaTables tables) throws RdmaException {
    super(label, limit, Wqe.NEXT_BYTES, maxSge, 0, tables);
  }

  void assign(int qpn) {
    record.assign(qpn, Db.RQ);
  }

  /** Writes an entry and its doorbell record; false if the queue is full. */
  boolean post(RecvWr wr) {
    if (isFull(polled())) {
      return false;
    }
    int position = posted;
    int offset = offset(position);
    MemorySegment segment = buffer.segment(offset);
    int at = QueueBuffer.within(offset);
    int end = putData(segment, at + Wqe.NEXT_BYTES, wr.sges());
    if (end + Wqe.DATA_BYTES <= at + strideBytes()) {
      Be.put32(segment, end, 0);
      Be.put32(segment, end + Wqe.DATA_KEY, Wqe.INVALID_LKEY);
      Be.put64(segment, end + Wqe.DATA_ADDRESS, 0);
    }
    remember(position, wr.wrId());
    posted = position + 1;
    record.publish(posted);
    return true;
  }

  @Override
  WcOpcode opcode(int slot) {
    return WcOpcode.RECV;
  }
}
